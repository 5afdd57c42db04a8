package io.github.rseq4j.bench.report;

import com.sun.tools.attach.AgentInitializationException;
import com.sun.tools.attach.AgentLoadException;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A program of {@code bench.agent} in a JVM of its own. Closing it ends it. */
public final class AgentProgram implements AutoCloseable {
    private static final long LIMIT_SECONDS = 120;

    private final Process process;
    private final Path errors;
    private final BufferedReader output;
    private final Writer input;
    private final CompletableFuture<Void> limit;

    private AgentProgram(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        this.input = process.outputWriter(StandardCharsets.UTF_8);
        this.limit = CompletableFuture.runAsync(process::destroyForcibly,
                CompletableFuture.delayedExecutor(LIMIT_SECONDS, TimeUnit.SECONDS));
    }

    /**
     * Starts a program.
     *
     * @param peer what traces it
     * @param options more options of its JVM
     * @param folder the folder of its files
     * @param main its class
     * @param arguments its arguments
     * @return the program
     * @throws IOException if its JVM cannot be started
     */
    public static AgentProgram start(AgentPeer peer, List<String> options, Path folder, Class<?> main,
            String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-XX:+EnableDynamicAgentLoading",
                "-Djava.io.tmpdir=" + folder));
        command.addAll(options);
        command.addAll(peer.options());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile(folder, "errors", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().putAll(peer.environment());
        return new AgentProgram(builder.start(), errors);
    }

    /**
     * Reads the next line that begins with a word. Other lines are those of an agent.
     *
     * @param word the word
     * @return the rest of the line
     * @throws IOException if the program has ended; the message has its last error output
     */
    public String next(String word) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith(word)) {
                return line.substring(word.length()).strip();
            }
        }
        throw new IOException("the program ended before it printed " + word + "(its limit is " + LIMIT_SECONDS
                + " s); its last error output: "
                + Files.readString(errors).lines().reduce((_, last) -> last).orElse("none"));
    }

    /** Sends a line, and returns the number that answers it. */
    long ask(String command) throws IOException {
        input.write(command + "\n");
        input.flush();
        return Long.parseLong(next(""));
    }

    /** Sends an empty line. */
    void goOn() throws IOException {
        input.write("\n");
        input.flush();
    }

    /**
     * Gives the program's agent options.
     *
     * @return the agent's answer
     */
    String attach(Path folder, String options) throws IOException {
        Path answer = Files.createTempFile(folder, "answer", ".txt");
        try {
            VirtualMachine machine = VirtualMachine.attach(Long.toString(process.pid()));
            try {
                machine.loadAgent(AgentPeer.agentJar().toString(), "answer=" + answer + ";" + options);
            } finally {
                machine.detach();
            }
        } catch (AttachNotSupportedException | AgentLoadException | AgentInitializationException e) {
            throw new IOException("attaching to the program failed", e);
        }
        String text = Files.readString(answer);
        if (!text.startsWith("ok\n")) {
            throw new IOException(text);
        }
        return text;
    }

    @Override
    public void close() {
        limit.cancel(false);
        process.destroyForcibly();
        process.onExit().join();
    }
}
