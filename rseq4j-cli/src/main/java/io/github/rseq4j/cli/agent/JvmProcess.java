package io.github.rseq4j.cli.agent;

import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.process.ProcessFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A running JVM to attach to. Checked before a signal is sent: the attach protocol begins with SIGQUIT, which ends most
 * other programs.
 *
 * @param pid its id
 * @param name its name
 * @param user the id of its effective user
 * @param group the id of its effective group
 * @param isOwn whether this process has the same user and group
 * @param tmp its folder for temporary files, as this process sees it
 */
record JvmProcess(int pid, String name, int user, int group, boolean isOwn, Path tmp) {
    private static final String JVM_LIBRARY = "/libjvm.so";
    private static final String MECHANISM = "DisableAttachMechanism";
    /** The rest of the message for a JVM that lets no tool attach. */
    static final String DISABLED = " was started with -XX:+" + MECHANISM
            + ", so it does not let tools attach; start it without this flag, or with -javaagent";
    /** The options of java whose value is the next word. */
    private static final Set<String> WITH_VALUE = Set.of("-cp", "-classpath", "--class-path", "-p", "--module-path",
            "--upgrade-module-path", "--add-modules", "--limit-modules", "--enable-native-access", "--add-exports",
            "--add-opens", "--add-reads", "--patch-module");
    private static final Path TMP = Path.of("/tmp");

    /**
     * Returns the JVM with an id.
     *
     * @throws InputException if there is no such process, it is not a JVM, or this process may not attach to it
     */
    static JvmProcess of(int pid) {
        ProcessFiles.Status status = pid < 1 ? null : ProcessFiles.status(pid);
        if (status == null || status.hasEnded()) {
            throw new InputException("pid=" + pid + ": there is no such process; jps -l lists the JVMs");
        }
        ProcessFiles.Status self = Objects.requireNonNull(
                ProcessFiles.status(Math.toIntExact(ProcessHandle.current().pid())), "/proc is mounted");
        if (status.process() == self.process()) {
            throw new InputException("pid=" + pid + " is rseq4j itself; name another JVM");
        }
        if (status.process() != pid) {
            throw new InputException("pid=" + pid + " is a thread of process " + status.process()
                    + "; name that process");
        }
        String process = "pid=" + pid + " (" + status.name() + ")";
        boolean isOwn = isSame(status, self);
        if (!isOwn && self.effectiveUser() != 0) {
            throw new InputException(otherUser(process, status, self));
        }
        Set<String> files = new ProcessFiles(pid).mappedFiles();
        if (files.isEmpty() && Files.isReadable(Path.of("/proc/" + pid + "/maps"))) {
            throw new InputException(process + " maps no file, so it is no JVM; jps -l lists the JVMs");
        }
        // Where the mappings may not be read, the attach protocol itself looks for a handler of SIGQUIT.
        if (!files.isEmpty() && files.stream().noneMatch(JvmProcess::isJvmLibrary)) {
            throw new InputException(process + " is not a JVM: it has not mapped libjvm.so; jps -l lists the JVMs");
        }
        if (isDeaf(new ProcessFiles(pid).commandLine())) {
            throw InputException.cannot(process + DISABLED);
        }
        if (status.state() == 'T' || status.state() == 't') {
            throw InputException.cannot(process + " is stopped, by a signal or a debugger; continue it first (kill"
                    + " -CONT " + pid + ")");
        }
        return new JvmProcess(pid, status.name(), status.effectiveUser(), status.effectiveGroup(), isOwn, tmp(pid));
    }

    /**
     * Tells whether the options of a JVM switch the attach mechanism off. Such a JVM would print its threads at the
     * signal, and not answer. Options in files and variables are not seen here.
     */
    private static boolean isDeaf(List<String> words) {
        boolean isDeaf = false;
        for (int i = 1; i < words.size() && words.get(i).startsWith("-"); i++) {
            String word = words.get(i);
            if (word.equals("-XX:+" + MECHANISM) || word.equals("-XX:-" + MECHANISM)) {
                isDeaf = word.startsWith("-XX:+");
            }
            i += WITH_VALUE.contains(word) ? 1 : 0;
        }
        return isDeaf;
    }

    private static boolean isJvmLibrary(String file) {
        return file.replace(" (deleted)", "").endsWith(JVM_LIBRARY);
    }

    private static boolean isSame(ProcessFiles.Status one, ProcessFiles.Status other) {
        return one.effectiveUser() == other.effectiveUser() && one.effectiveGroup() == other.effectiveGroup();
    }

    private static String otherUser(String process, ProcessFiles.Status status, ProcessFiles.Status self) {
        return process + " runs as user " + status.effectiveUser() + " and group " + status.effectiveGroup()
                + ", and rseq4j as user " + self.effectiveUser() + " and group " + self.effectiveGroup()
                + "; a JVM answers its own user and group, and root: run rseq4j as that user (sudo -u '#"
                + status.effectiveUser() + "' -g '#" + status.effectiveGroup() + "' rseq4j ...) or as root";
    }

    private static Path seen(int pid, Path path) {
        return Path.of("/proc/" + pid + "/root").resolve(Path.of("/").relativize(path));
    }

    /** Returns the folder of a process for temporary files. As in the JDK, it is our own if that cannot be entered. */
    private static Path tmp(int pid) {
        Path tmp = seen(pid, TMP);
        try {
            return Files.isSameFile(tmp, TMP) || !Files.isWritable(tmp) ? TMP : tmp;
        } catch (IOException e) {
            return TMP;
        }
    }

    /** Tells whether the kernel lets this process see the files of that one as it sees them itself. */
    boolean isEntered() {
        return Files.exists(seen(pid, TMP));
    }

    /** Returns the path by which that process sees a file in its folder for temporary files. */
    Path own(Path file) {
        return TMP.resolve(Objects.requireNonNull(file.getFileName()));
    }

    /** Tells whether that process has the same file at the same path, and may read it. */
    boolean sees(Path path) {
        try {
            return isOwn && Files.isSameFile(seen(pid, path), path);
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return "pid=" + pid + " (" + name + ")";
    }
}
