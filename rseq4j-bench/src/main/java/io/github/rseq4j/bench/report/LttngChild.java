package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Folders;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A child process that is an {@link LttngPeer}, with a folder of its own as LTTNG_HOME. */
final class LttngChild implements AutoCloseable {
    /* How it works
     *
     * LTTng finds its daemon by LTTNG_HOME, but for root always by /var/run/lttng. So for root the child of the
     * installed version runs in a user namespace, as an unused user, and the child of the newest version in a chroot;
     * neither reaches a daemon of the machine. A child ends when its input is closed, which the kernel does however
     * this process ends.
     */
    /** The agent for java.util.logging, where Debian installs it. Its manifest names the other jar that it needs. */
    private static final Path AGENT = Path.of("/usr/share/java/lttng-ust-agent-jul.jar");
    private static final String NOBODY = "61234";
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final long LIMIT_SECONDS = 30;
    private static final String HEADER = "lttng/tracepoint.h";
    private static final String SCRIPT = "scripts/matrix/lttng.sh";

    private final Path home;
    private final Path errors;
    private final List<Path> others;
    private final Process process;
    private final BufferedReader answers;
    private final String version;
    private final boolean isInstalled;
    private boolean isClosed;

    /** LTTng cannot be measured here; the message is the reason. */
    static final class Missing extends Exception {
        private static final long serialVersionUID = 1;

        Missing(String reason) {
            super(reason);
        }
    }

    private LttngChild(List<String> prefix, boolean isInstalled) throws IOException, InterruptedException, Missing {
        this.isInstalled = isInstalled;
        // Refused if this JVM is ending. Otherwise it runs after the start, or prevents it.
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
        synchronized (this) {
            if (isClosed) {
                throw new IOException("this JVM is told to end");
            }
            home = Files.createTempDirectory("rseq4j-lttng");
            errors = home.resolve("errors.txt");
            others = new ArrayList<>(waits());
            others.removeIf(file -> file.toString().endsWith(NOBODY));
            process = builder(home, prefix, isInstalled).redirectError(errors.toFile()).start();
        }
        answers = process.inputReader(StandardCharsets.UTF_8);
        String line = answers.readLine();
        if (line == null) {
            process.waitFor();
            String reason = said();
            close();
            throw new Missing(reason);
        }
        version = line.substring(LttngPeer.READY.length());
    }

    private static ProcessBuilder builder(Path home, List<String> prefix, boolean isInstalled) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
                "-Djmh.ignoreLock=" + Boolean.getBoolean("jmh.ignoreLock"), "-Djava.io.tmpdir=" + home,
                "-Djava.library.path=" + nativeFolder(), "-cp",
                classPath().map(Path::toString).collect(Collectors.joining(File.pathSeparator))
                        + (isInstalled ? File.pathSeparator + AGENT : ""),
                LttngPeer.class.getName(), home.toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LTTNG_HOME", home.toString());
        builder.environment().put("WRITABLE_BIND", home.toString());
        builder.environment().put("EXTRA_BIND", classPath()
                .map(entry -> Files.isDirectory(entry) ? entry : entry.getParent()).filter(Files::isDirectory)
                .map(Path::toString).distinct().collect(Collectors.joining(" ")));
        builder.environment().put("LTTNG_UST_REGISTER_TIMEOUT",
                Long.toString(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS)));
        return builder;
    }

    /** Returns the class path of this JVM, independent of the current folder, which a chroot does not have. */
    private static Stream<Path> classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toAbsolutePath());
    }

    /**
     * Starts the version of LTTng that is installed.
     *
     * @throws Missing if there is none, or it would reach the machine's own daemon
     */
    static LttngChild installed() throws IOException, InterruptedException, Missing {
        String reason = whyNotInstalled();
        if (reason != null) {
            throw new Missing(reason);
        }
        return new LttngChild(otherUser(), true);
    }

    /** Returns why the installed version cannot be measured, or null. */
    static @Nullable String whyNotInstalled() throws IOException, InterruptedException {
        List<String> packages = missing();
        if (!packages.isEmpty()) {
            return "apt-get install --no-install-recommends " + String.join(" ", packages);
        }
        List<String> user = otherUser();
        return user.isEmpty() || Commands.succeeds(Stream.concat(user.stream(), Stream.of("true"))
                .toArray(String[]::new)) ? null : "root's session daemon would be the machine's own, and "
                + String.join(" ", user) + " is refused or missing: run this as another user";
    }

    /**
     * Starts the version of LTTng that Debian's newest suite has.
     *
     * @throws Missing if it cannot be had
     */
    static LttngChild newest() throws IOException, InterruptedException, Missing {
        Path script = script();
        if (script == null) {
            throw new Missing(SCRIPT + " is in no folder above this class path");
        }
        return new LttngChild(List.of(script.toString()), false);
    }

    private static @Nullable Path script() {
        try {
            Path folder = Path.of(LttngChild.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            while (folder != null && !Files.isExecutable(folder.resolve(SCRIPT))) {
                folder = folder.getParent();
            }
            return folder == null ? null : folder.resolve(SCRIPT);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the folder of the agent's native library, or null if there is none. */
    private static @Nullable Path nativeFolder() throws IOException {
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

    /** Tells whether it has the agent for java.util.logging. */
    boolean hasAgent() {
        return isInstalled;
    }

    /** {@return the version, such as 2.13.9} */
    String version() {
        return version;
    }

    /**
     * Sends a command of {@link LttngPeer}.
     *
     * @param words the command
     * @return the answer
     * @throws IOException if the command fails; the message has the child's error output
     */
    String ask(Object... words) throws IOException {
        var commands = process.outputWriter(StandardCharsets.UTF_8);
        commands.write(Stream.of(words).map(Objects::toString).collect(Collectors.joining(" ")) + "\n");
        commands.flush();
        String line = answers.readLine();
        if (line == null) {
            throw new IOException("LTTng " + version + ", command=" + Arrays.toString(words) + ": " + said());
        }
        return line.substring(LttngPeer.DONE.length());
    }

    /** Returns the last lines of the error output. */
    private String said() throws IOException {
        List<String> lines = Files.readAllLines(errors, StandardCharsets.UTF_8);
        return String.join(" ", lines.subList(Math.max(0, lines.size() - 4), lines.size())).strip();
    }

    /** Ends the child and removes its files. Runs when this process ends, too. */
    @Override
    public synchronized void close() {
        isClosed = true;
        if (process == null) {
            return;
        }
        process.destroy();
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            if (Files.exists(home)) {
                Folders.delete(home);
            }
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
