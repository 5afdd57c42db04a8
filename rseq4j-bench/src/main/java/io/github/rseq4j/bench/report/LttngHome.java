package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Folders;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A folder that is LTTng's home for a JVM and its children, and the checks that LTTng is installed. */
final class LttngHome {
    /* How it works
     *
     * LTTng finds its daemon by LTTNG_HOME, but for root always by /var/run/lttng. So for root the JVM runs in a user
     * namespace, as an unused user, and reaches no daemon of the machine. The JVM ends when its input is closed, which
     * the kernel does however this process ends.
     */
    /** The agent for java.util.logging, where Debian installs it. Its manifest names the other jar that it needs. */
    static final Path AGENT = Path.of("/usr/share/java/lttng-ust-agent-jul.jar");
    /** Avoids a warning of JMH in every JVM. */
    static final String QUIET = "--sun-misc-unsafe-memory-access=allow";
    private static final String NOBODY = "61234";
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final long LIMIT_SECONDS = 30;
    private static final String HEADER = "lttng/tracepoint.h";

    private LttngHome() {}

    /** Returns the folder of the agent's native library, or null if there is none. */
    static @Nullable Path nativeFolder() throws IOException {
        try (Stream<Path> folders = Files.list(Path.of("/usr/lib"))) {
            return folders.map(folder -> folder.resolve("jni"))
                    .filter(folder -> Files.exists(folder.resolve("liblttng-ust-jul-jni.so")))
                    .findFirst().orElse(null);
        }
    }

    /** Returns the packages to install. */
    private static List<String> missing() throws IOException, InterruptedException {
        List<String> packages = new ArrayList<>();
        if (!Commands.has("gcc")) {
            packages.add("gcc");
            packages.add("libc6-dev");
        }
        if (!Commands.has("lttng") || !Commands.has("lttng-sessiond")) {
            packages.add("lttng-tools");
        }
        if (!Commands.has("gcc") || !Commands.succeeds("gcc", "-E", "-include", HEADER, "-x", "c", "/dev/null")) {
            packages.add("liblttng-ust-dev");
        }
        if (!Files.exists(AGENT)) {
            packages.add("liblttng-ust-agent-java");
        }
        if (nativeFolder() == null) {
            packages.add("liblttng-ust-agent-java-jni");
        }
        if (!Commands.has("babeltrace2")) {
            packages.add("babeltrace2");
        }
        return packages;
    }

    /** Returns the prefix that runs a command as another user; empty unless this user is root. */
    private static List<String> otherUser() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
                ? List.of("unshare", "--user", "--map-user=" + NOBODY, "--map-group=" + NOBODY) : List.of();
    }

    /**
     * Runs a main class in a JVM with a home of its own, whose path is the first argument; or prints what is missing.
     *
     * @param main the name of the class
     * @param arguments the further arguments
     * @return the exit status, 2 if it cannot run here
     */
    static int run(String main, List<String> arguments) throws IOException, InterruptedException {
        List<String> packages = missing();
        if (!packages.isEmpty()) {
            System.err.println("LTTng cannot be measured here: apt-get install --no-install-recommends "
                    + String.join(" ", packages));
            return 2;
        }
        List<String> command = new ArrayList<>(otherUser());
        if (!command.isEmpty()) {
            List<String> attempt = new ArrayList<>(command);
            attempt.add("true");
            if (!Commands.succeeds(attempt.toArray(String[]::new))) {
                System.err.println("LTTng cannot be measured here: root's session daemon would be the machine's own,"
                        + " and " + String.join(" ", attempt) + " is refused or missing: run this as another user");
                return 2;
            }
        }
        Path home = Files.createTempDirectory("rseq4j-lttng");
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", QUIET, "-Djmh.ignoreLock=" + Boolean.getBoolean("jmh.ignoreLock"),
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"), "-cp",
                System.getProperty("java.class.path") + File.pathSeparator + AGENT, main, home.toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("LTTNG_HOME", home.toString());
        builder.environment().put("LTTNG_UST_REGISTER_TIMEOUT",
                Long.toString(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS)));
        List<Path> others = new ArrayList<>(waits());
        others.removeIf(file -> file.toString().endsWith(NOBODY));
        Process process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(process, home, others)));
        return process.waitFor();
    }

    /** Ends the JVM and removes its files, however this process ends. */
    private static void end(Process process, Path home, List<Path> others) {
        process.destroy();
        try {
            process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
            Folders.delete(home);
            List<Path> own = new ArrayList<>(waits());
            own.removeAll(others);
            for (Path each : own) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            System.err.println(home + " is left: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns the files that traced processes share with later daemons, and leave. */
    private static List<Path> waits() throws IOException {
        try (Stream<Path> files = Files.list(SHARED_MEMORY)) {
            return files.filter(file -> file.getFileName().toString().startsWith("lttng-ust-wait-")).toList();
        }
    }
}
