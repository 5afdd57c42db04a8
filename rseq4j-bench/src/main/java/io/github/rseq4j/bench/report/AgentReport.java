package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.bench.agent.Calls;
import io.github.rseq4j.bench.agent.Documents;
import io.github.rseq4j.bench.agent.ManyClasses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Measures rseq4j's agent beside other ways to trace calls: JFR, async-profiler, Kieker and OpenTelemetry's agent.
 * Measures the cost of a call, of Jackson with all its methods traced, and attaching to a program with many classes.
 * All are measured in turns, each in a fresh JVM. The report has medians over the JVMs, with the least and the greatest
 * value. A peer that cannot be measured has a row with the reason.
 *
 * <p>The limits are measured in the JVMs of rseq4j that they limit, after the calls: the empty downcall beside
 * {@code count}, two ordered clock readings beside {@code time} and {@code event}. So a load on the machine changes
 * both.
 */
public final class AgentReport {
    private static final List<String> GROUPS = List.of("calls", "jackson", "attach");
    private static final int ROUNDS = 3;
    private static final int MINUTES = 12;
    private static final int CALLS_MILLIS = 120;
    private static final int DOCUMENTS_MILLIS = 800;
    /** The time for which a program runs that nothing attaches to. */
    private static final int QUIET_MILLIS = 1000;
    /** A traced call that takes less, in nanoseconds, was not traced. */
    private static final double LEAST_NANOS = 1.5;
    private static final String MATCHED = ManyClasses.METHODS + " methods of ";
    private static final Pattern STOPPED = Pattern.compile("\"RedefineClasses\".* Total: +(\\d+) ns");

    private final PeersPlan plan;
    private final Path folder;
    private final Map<String, Table> tables = new LinkedHashMap<>();

    private AgentReport(PeersPlan plan, Path folder) {
        this.plan = plan;
        this.folder = folder;
        List<String> threads = plan.threads().stream().map(n -> n + (n == 1 ? " thread" : " threads")).toList();
        for (String group : plan.groups()) {
            switch (group) {
                case "calls" -> {
                    tables.put("work", new Table("ns a call of a method that returns its argument", threads));
                    tables.put("recursion", new Table("ns a call, of 10 in one another", threads));
                }
                case "jackson" -> tables.put("document", new Table("us a document, all methods of Jackson", threads));
                default -> tables.put("attach", new Table("20,000 classes, 2,000 methods matched",
                        List.of("ms to attach", "ms longest pause", "ms longest redefinition")));
            }
        }
    }

    /**
     * Runs the report.
     *
     * @param arguments {@code [short] [ROUNDS] [MINUTESm] [GROUP]...}: see {@link PeersPlan}; by default 3 rounds and
     *     12 minutes
     * @throws Exception if anything fails
     */
    public static void main(String[] arguments) throws Exception {
        PeersPlan plan;
        try {
            plan = PeersPlan.of(List.of(arguments), ROUNDS, MINUTES, GROUPS, List.of());
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        Path folder = Files.createTempDirectory("rseq4j-agents");
        try {
            AgentReport report = new AgentReport(plan, folder);
            int rounds = report.measure();
            System.out.println(PeersPlan.machine() + "; " + rounds + " rounds\n");
            report.tables.values().forEach(Table::print);
        } finally {
            Folders.delete(folder);
        }
        System.exit(0);
    }

    /** Measures round by round while there is time, and returns the number of rounds. */
    private int measure() throws IOException, InterruptedException {
        long start = System.nanoTime();
        int round = 0;
        while (round < plan.rounds() && (System.nanoTime() - start) * (round + 1) / Math.max(1, round)
                <= TimeUnit.MINUTES.toNanos(plan.minutes())) {
            for (String group : plan.groups()) {
                switch (group) {
                    case "calls" -> calls();
                    case "jackson" -> documents();
                    default -> attach();
                }
            }
            round++;
            System.err.printf("round %d of at most %d, %d s%n", round, plan.rounds(),
                    TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
        }
        return round;
    }

    private void calls() throws IOException {
        for (int column = 0; column < plan.threads().size(); column++) {
            for (AgentPeer peer : AgentPeer.ofCalls()) {
                List<String> loops = new ArrayList<>(List.of("work", "recursion"));
                if (peer.isDetached()) {
                    loops.addFirst("pause");
                    loops.addFirst("work");
                }
                switch (peer.title()) {
                    case "no agent" -> loops.add("hand");
                    case "rseq4j, count" -> loops.add("empty");
                    case "rseq4j, time", "rseq4j, event" -> loops.add("clocks");
                    default -> {
                        // Only the calls are measured.
                    }
                }
                calls(peer, column, loops);
            }
        }
    }

    private void calls(AgentPeer peer, int column, List<String> loops) throws IOException {
        Table work = table("work");
        Table recursion = table("recursion");
        if (isMissing(peer, work, recursion)) {
            return;
        }
        List<String> arguments = new ArrayList<>(List.of(String.valueOf(plan.threads().get(column)),
                String.valueOf(plan.millis(CALLS_MILLIS)), folder.toString(), peer.inside()));
        arguments.addAll(loops);
        // A compilation in the background can end after the warm-up, where other processes use the machine.
        try (AgentProgram program = AgentProgram.start(peer, List.of("-Xbatch"), folder, Calls.class,
                arguments.toArray(String[]::new))) {
            if (peer.isDetached()) {
                program.next("pause");
                program.attach(folder, "detach");
                program.goOn();
            }
            double nanos = Double.parseDouble(program.next("work "));
            if (peer.isTracing() && nanos < LEAST_NANOS) {
                throw new IOException("it has traced nothing: a call takes " + nanos + " ns");
            }
            work.add(peer.title(), column, nanos);
            recursion.add(peer.title(), column, Double.parseDouble(program.next("recursion ")));
            for (String loop : loops.subList(loops.indexOf("recursion") + 1, loops.size())) {
                work.add(row(loop, peer), column, Double.parseDouble(program.next(loop + " ")));
            }
        } catch (IOException e) {
            failed(peer, e, work, recursion);
        }
    }

    private static String row(String loop, AgentPeer peer) {
        return switch (loop) {
            case "hand" -> "by hand: nanoTime twice and two LongAdders";
            case "empty" -> "limit: an empty critical downcall, beside " + peer.title();
            default -> "limit: two ordered clock readings, beside " + peer.title();
        };
    }

    private Table table(String name) {
        return Objects.requireNonNull(tables.get(name), name);
    }

    private static boolean isMissing(AgentPeer peer, Table... tables) {
        String reason = peer.missing();
        if (reason == null) {
            // A peer that has failed is not tried again: it may have taken the whole limit of time.
            return tables[0].isMissing(peer.title());
        }
        for (Table table : tables) {
            table.addMissing(peer.title(), reason);
        }
        return true;
    }

    /** Adds the row of a peer that fails here. A failure of rseq4j ends the report. */
    private static void failed(AgentPeer peer, IOException failure, Table... tables) throws IOException {
        if (peer.title().startsWith("rseq4j") || !peer.isTracing()) {
            throw failure;
        }
        for (Table table : tables) {
            table.addMissing(peer.title(), failure);
        }
    }

    private void documents() throws IOException {
        Table table = table("document");
        for (int column = 0; column < plan.threads().size(); column++) {
            for (AgentPeer peer : AgentPeer.ofDocuments()) {
                if (isMissing(peer, table)) {
                    continue;
                }
                try (AgentProgram program = AgentProgram.start(peer, List.of(), folder, Documents.class,
                        String.valueOf(plan.threads().get(column)), String.valueOf(plan.millis(DOCUMENTS_MILLIS)),
                        folder.toString(), peer.inside())) {
                    table.add(peer.title(), column, Double.parseDouble(program.next("document ")));
                } catch (IOException e) {
                    failed(peer, e, table);
                }
            }
        }
    }

    private void attach() throws IOException, InterruptedException {
        AgentPeer plain = AgentPeer.ofCalls().getFirst();
        AgentPeer ours = AgentPeer.ofCalls().get(1);
        attach("nothing, for a second", plain, program -> {
            Thread.sleep(plan.millis(QUIET_MILLIS));
            return Double.NaN;
        });
        if (!isMissing(ours, table("attach"))) {
            attach("rseq4j, count", plain, program -> {
                long start = System.nanoTime();
                String answer = program.attach(folder, AgentPeer.ofManyClasses());
                long nanos = System.nanoTime() - start;
                if (!answer.contains(MATCHED)) {
                    throw new IOException("the agent has not matched " + MATCHED + ": " + answer);
                }
                return nanos / 1e6;
            });
        }
        attach("JFR, method-timing, started in the program", plain, program -> program.ask("timing") / 1e6);
    }

    /** Attaches in one way, and returns the milliseconds that it took, or NaN. */
    private interface Way {
        double millis(AgentProgram program) throws IOException, InterruptedException;
    }

    private void attach(String row, AgentPeer plain, Way way) throws IOException, InterruptedException {
        Path log = folder.resolve("safepoints.log");
        Files.deleteIfExists(log);
        double millis;
        double pause;
        try (AgentProgram program = AgentProgram.start(plain, List.of("-Xlog:safepoint:file=" + log), folder,
                ManyClasses.class, folder.toString())) {
            program.next("ready");
            long _ = program.ask("reset");
            millis = way.millis(program);
            pause = program.ask("pause") / 1e6;
        }
        try (Stream<String> lines = Files.lines(log)) {
            double stopped = lines.map(STOPPED::matcher).filter(found -> found.find())
                    .mapToDouble(found -> Long.parseLong(found.group(1)) / 1e6).max().orElse(Double.NaN);
            table("attach").add(row, 0, millis, pause, stopped);
        }
    }
}
