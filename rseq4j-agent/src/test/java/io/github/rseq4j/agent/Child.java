package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.tools.attach.VirtualMachine;
import io.github.rseq4j.agent.table.MethodRow;
import io.github.rseq4j.agent.table.MethodTableReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A program in a JVM of its own.
 *
 * @param process the process
 * @param output its standard and its error output
 */
record Child(Process process, BufferedReader output) implements AutoCloseable {
    /** Returns the path of a command of the JDK. */
    static String jdk(String command) {
        return Path.of(System.getProperty("java.home"), "bin", command).toString();
    }

    /** Returns the place of the class files of a class. */
    static String place(Class<?> type) {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath()).toString();
    }

    /**
     * Starts a program.
     *
     * @param options the options of the JVM, with a class path or without
     * @param program the class with its main method, whose place is the class path if the options have none
     * @param arguments its arguments
     */
    static Child start(List<String> options, Class<?> program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(jdk("java")));
        command.addAll(options);
        if (!options.contains("-cp")) {
            command.addAll(List.of("-cp", place(program)));
        }
        command.add(program.getName());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new Child(process, process.inputReader());
    }

    /** Returns the lines up to one that begins with a text, or to the end. */
    List<String> linesTo(String beginning) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            lines.add(line);
            if (line.startsWith(beginning)) {
                break;
            }
        }
        return lines;
    }

    /** Gives the program a line. */
    void say(String line) throws IOException {
        process.outputWriter().write(line + "\n");
        process.outputWriter().flush();
    }

    /** Ends the program's input, requires that it ends well, and returns its last lines. */
    List<String> end() throws IOException, InterruptedException {
        process.outputWriter().close();
        List<String> rest = new ArrayList<>();
        output.lines().forEach(rest::add);
        assertEquals(0, process.waitFor(), rest.toString());
        return rest;
    }

    /** Calls the agent, and returns its answer. */
    String agent(Path jar, String options) throws Exception {
        Path answer = Files.createTempFile(jar.getParent(), "answer", "");
        VirtualMachine machine = VirtualMachine.attach(String.valueOf(process.pid()));
        try {
            machine.loadAgent(jar.toString(), "answer=" + answer + ";" + options);
            return Files.readString(answer);
        } finally {
            machine.detach();
        }
    }

    /** Returns the counts of the agent's table. */
    List<MethodRow> rows() throws Exception {
        try (MethodTableReader reader = MethodTableReader.open(process.pid())) {
            return reader.read().rows();
        }
    }

    /** Returns the calls of methods in the agent's table, by the names that the programs use. */
    Map<String, Long> calls() throws Exception {
        Map<String, Long> calls = new HashMap<>();
        for (MethodRow row : rows()) {
            calls.merge(name(row.className(), row.method()), row.calls(), Long::sum);
            assertTrue(row.totalNanos() >= row.maxNanos() * 0.99, row.toString());
        }
        return calls;
    }

    /** Returns the name of a method as the programs use it. */
    static String name(String className, String method) {
        return className.substring(className.lastIndexOf('$') + 1) + "." + method;
    }

    /** Returns the calls that a program has counted itself, of methods whose names are those in its class file. */
    static Map<String, Long> counted(String line) {
        Map<String, Long> counted = new HashMap<>();
        for (String each : line.substring("counts {".length(), line.length() - 1).split(", ", -1)) {
            String[] parts = each.split("=", -1);
            if (!parts[0].endsWith(".new") && !parts[0].endsWith("$")) {
                counted.put(parts[0], Long.valueOf(parts[1]));
            }
        }
        assertTrue(counted.size() > 10, line);
        return counted;
    }

    /** Returns the row of a method. */
    MethodRow row(String method) throws Exception {
        return rows().stream().filter(each -> each.method().equals(method)).findFirst().orElseThrow();
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
