package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.table.MethodTable;
import io.github.rseq4j.cli.Run;
import io.github.rseq4j.engine.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A process that counts the calls of methods. It ends when its input ends. */
final class TopTarget implements AutoCloseable {
    /** The number of methods that are only counted. */
    static final int COUNTED = 40;
    /** The calls of each timed method. */
    static final int TIMED_CALLS = 100;

    private final Process process;

    private TopTarget(Process process) {
        this.process = process;
    }

    /** Starts a process with a table, and waits until it has recorded the calls. */
    static TopTarget start(String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", Run.classPath()));
        command.addAll(List.of(options));
        command.add(TopTarget.class.getName());
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        if (!"recorded".equals(process.inputReader().readLine())) {
            process.destroyForcibly();
            throw new IOException("the process did not start: " + command);
        }
        return new TopTarget(process);
    }

    String pid() {
        return Long.toString(process.pid());
    }

    /** Ends the process. */
    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        process.onExit().join();
    }

    /** Records the calls, and one call of com.acme.Ticker::tick each millisecond. */
    public static void main(String[] arguments) throws IOException {
        MethodTable table = MethodTable.create();
        for (int i = 0; i < COUNTED; i++) {
            int site = table.add("com.acme.Counted", "method" + i, "()V");
            table.mode(site, "count");
            Engine.get().memory().putLong(table.countCell(site), i);
        }
        int[] longest = {1_000, 3_000_000, 20_000};
        String[] descriptors = {"(Ljava/lang/String;)V", "(I)V", "()V"};
        for (int i = 0; i < longest.length; i++) {
            int site = table.add("com.acme.Timed", i < 2 ? "parse" : "<init>", descriptors[i]);
            table.mode(site, "time");
            for (int call = 0; call < TIMED_CALLS; call++) {
                table.histogram(site).record(call == 0 ? longest[i] : longest[i] / 2);
            }
        }
        int ticker = table.add("com.acme.Ticker", "tick", "()V");
        table.publish();
        System.out.println("recorded");
        Thread ticks = Thread.ofPlatform().daemon().start(() -> tick(table, ticker));
        int _ = System.in.read();
        ticks.interrupt();
    }

    private static void tick(MethodTable table, int ticker) {
        while (!Thread.currentThread().isInterrupted()) {
            table.histogram(ticker).record(5_000);
            table.publish();
            LockSupport.parkNanos(1_000_000);
        }
    }
}
