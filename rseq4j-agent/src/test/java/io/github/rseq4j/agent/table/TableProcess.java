package io.github.rseq4j.agent.table;

import io.github.rseq4j.function.CounterFunctions;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A JVM with a table of 5,000 methods. The methods of even numbers are counted as many times as their number; the
 * others are timed as many times, with durations of 1,000 ticks, 2,000 ticks and so on. The process ends when its input
 * ends.
 */
final class TableProcess {
    static final int METHODS = 5000;

    private TableProcess() {}

    /** Starts the process, and waits until it has recorded all. The first words may be a command that starts it. */
    static Process start(List<String> before, String... options) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(java(options));
        command.add(TableProcess.class.getName());
        return started(command);
    }

    /** Starts the process by a command, and waits until it has recorded all. */
    static Process started(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String line = process.inputReader().readLine();
        if (!"recorded".equals(line)) {
            process.destroyForcibly();
            throw new IOException("the process printed " + line);
        }
        return process;
    }

    /** Returns a command that starts a JVM with this JVM's classes on its class path. */
    static List<String> java(String... options) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", classPath()));
        command.addAll(List.of(options));
        return command;
    }

    /** Returns this JVM's classes, also if it uses a module path. */
    static String classPath() {
        String tests = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-agent/target/test-classes")
                .toAbsolutePath().toString();
        return Stream.of(System.getProperty("jdk.module.path", ""), tests, System.getProperty("java.class.path", ""))
                .filter(each -> !each.isEmpty()).collect(Collectors.joining(File.pathSeparator));
    }

    /** Returns the duration of a call of a timed method, in ticks. */
    static long ticks(int call) {
        return 1000L * (call + 1);
    }

    /** Records all, and waits; or, with a PID, prints the number of methods of that process, or why it has none. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 1) {
            try (MethodTableReader reader = MethodTableReader.open(Long.parseLong(arguments[0]))) {
                System.out.println(reader.read().methodCount());
            } catch (TableException e) {
                System.out.println(e.getMessage());
            }
            return;
        }
        MethodTable table = MethodTable.create();
        for (int i = 0; i < METHODS; i++) {
            int site = table.add("com.acme.Class" + i / 10, "method" + i % 10, "(Ljava/lang/String;)V");
            table.mode(site, i % 2 == 0 ? "count" : "time");
            record(table, site);
        }
        table.publish();
        System.out.println("recorded");
        int _ = System.in.read();
    }

    private static void record(MethodTable table, int site) {
        for (int call = 0; call < site; call++) {
            if (site % 2 == 0) {
                CounterFunctions.add(table.countCell(site), 1);
            } else {
                table.histogram(site).record(ticks(call));
            }
        }
    }
}
