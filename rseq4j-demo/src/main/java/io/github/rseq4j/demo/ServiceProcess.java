package io.github.rseq4j.demo;

import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.demo.service.ServiceMain;
import io.github.rseq4j.demo.side.Sides;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** A JVM with the service of one side. It ends when this object is closed, and when this process ends. */
final class ServiceProcess implements AutoCloseable {
    /** The heap of a service, unless the user gives one to this JVM: the same for all sides, on each machine. */
    private static final List<String> HEAP = List.of("-Xms512m", "-Xmx512m");
    private static final long ANSWER_SECONDS = 60;
    private static final long END_SECONDS = 5;
    private static final int MAX_LOG_LINES = 3;
    private static final String MODULE = "io.github.rseq4j.demo";
    /**
     * Ctrl-C is a signal to all processes of the terminal, and so is the one that makes a JVM print its threads. The
     * demo takes the first; a service must still answer. Its output, except for {@link ServiceMain#ANSWERS}, is a part
     * of the log.
     */
    private static final List<String> SHELL =
            List.of("/bin/sh", "-c", "trap '' INT QUIT; exec 3>&1 1>&2; exec \"$@\"", "sh");

    private final JsonMapper json = new JsonMapper();
    private final Sides side;
    private final Process process;
    private final Path log;
    private final Writer in;
    private final BufferedReader out;
    private final ServiceMain.Started started;

    /**
     * Starts a service, and waits until it listens.
     *
     * @param side the side
     * @param folder an empty folder for its files
     * @param files ends the process together with this one
     */
    ServiceProcess(Sides side, Path folder, TemporaryFiles files) throws IOException, InterruptedException {
        this.side = side;
        this.log = folder.resolve("log");
        List<String> command = new ArrayList<>(SHELL);
        command.addAll(command());
        command.add(side.name());
        command.add(folder.toString());
        process = new ProcessBuilder(command).redirectError(log.toFile()).start();
        files.add(process);
        in = process.outputWriter(StandardCharsets.UTF_8);
        out = process.inputReader(StandardCharsets.UTF_8);
        try {
            started = answer(ServiceMain.Started.class);
        } catch (IOException e) {
            throw InputException.cannot("a service cannot be started: " + e.getMessage());
        }
    }

    /** Returns the command of a JVM with the options and the modules of this one. */
    private static List<String> command() {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        String modules = System.getProperty("jdk.module.path", "");
        boolean isModule = ServiceProcess.class.getModule().isNamed();
        command.addAll(options());
        command.add("--enable-native-access=" + (isModule ? "io.github.rseq4j" : "ALL-UNNAMED"));
        String main = ServiceMain.class.getName();
        String classes = System.getProperty("java.class.path", "");
        // A library without a module descriptor may need classes that are on the class path alone.
        command.addAll(isModule ? List.of("-cp", classes, "--module-path", modules, "--module", MODULE + "/" + main)
                : List.of("-cp", classes + File.pathSeparator + modules, main));
        return command;
    }

    /**
     * Returns the heap, the options of this JVM, without those on its modules and classes, and all properties of
     * rseq4j.
     */
    static List<String> options() {
        List<String> options = new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(each -> each.startsWith("-X") || each.startsWith("-D")).toList());
        if (options.stream().noneMatch(each -> each.startsWith("-Xms") || each.startsWith("-Xmx"))) {
            options.addAll(0, HEAP);
        }
        System.getProperties().stringPropertyNames().stream().filter(each -> each.startsWith("rseq4j.")).sorted()
                .map(each -> "-D" + each + "=" + System.getProperty(each)).filter(each -> !options.contains(each))
                .forEach(options::add);
        return options;
    }

    /** Returns the address of the service. */
    URI address() {
        return URI.create("http://" + InetAddress.getLoopbackAddress().getHostAddress() + ":" + started.port() + "/");
    }

    /** Returns what its per-CPU structures run on. */
    String engine() {
        return started.engine();
    }

    /**
     * Gives a command.
     *
     * @param command the command, with its argument
     * @param type the type of the answer
     * @throws InputException if the service does not answer
     */
    <T> T ask(String command, Class<T> type) throws InterruptedException {
        try {
            try {
                in.write(command + "\n");
                in.flush();
            } catch (IOException e) {
                throw ended(e);
            }
            return answer(type);
        } catch (IOException e) {
            throw InputException.cannot(String.valueOf(e.getMessage()));
        }
    }

    private <T> T answer(Class<T> type) throws IOException, InterruptedException {
        FutureTask<String> line = new FutureTask<>(() -> String.valueOf(out.readLine()));
        Thread.ofVirtual().start(line);
        try {
            String text = line.get(ANSWER_SECONDS, TimeUnit.SECONDS);
            if (text.equals("null")) {
                process.waitFor(END_SECONDS, TimeUnit.SECONDS);
                throw ended(null);
            }
            return json.readValue(text, type);
        } catch (JacksonException e) {
            throw new IOException("the service of " + side.title() + " has sent no answer: " + e.getOriginalMessage(),
                    e);
        } catch (TimeoutException e) {
            throw new IOException("the service of " + side.title() + " has not answered for " + ANSWER_SECONDS
                    + " seconds; its messages: " + messages(), e);
        } catch (ExecutionException e) {
            throw ended(e);
        }
    }

    private IOException ended(@Nullable Exception cause) throws IOException {
        return new IOException("the service of " + side.title() + " has ended"
                + (process.isAlive() ? "" : " with status " + process.exitValue()) + "; its messages: " + messages(),
                cause);
    }

    private String messages() throws IOException {
        try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
            List<String> all = lines.toList();
            return String.join(" | ", all.subList(Math.max(0, all.size() - MAX_LOG_LINES), all.size()));
        }
    }

    /** Ends the service by closing its input, or, if that does not help, by a signal. */
    @Override
    public void close() throws IOException {
        try {
            in.close();
        } catch (IOException e) {
            // It has ended.
        }
        end(process);
        out.close();
    }

    /** Waits until a process has ended; ends it by a signal if it takes long. */
    static void end(Process process) {
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(END_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
