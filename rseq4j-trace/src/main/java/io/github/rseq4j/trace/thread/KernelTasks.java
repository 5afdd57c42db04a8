package io.github.rseq4j.trace.thread;

import io.github.rseq4j.kernel.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The kernel's threads of this process, also those that Java does not know. One thread at a time. */
public final class KernelTasks {
    /* How it works
     *
     * /proc may belong to an outer PID namespace and number threads differently. Then the last number in the line NSpid
     * of a thread's status is its number in the namespace of this process. That line is read once for each thread.
     */
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final Pattern NUMBERS = Pattern.compile("NSpid:.*\\s(\\d+)");

    private final boolean isOwnProc = isOwnProc();
    private Map<Integer, Integer> tids = new HashMap<>();

    /** Tells whether /proc numbers threads as the namespace of this process does. */
    private static boolean isOwnProc() {
        try {
            Path own = Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName();
            return String.valueOf(own).equals(Integer.toString(Linux.gettid()));
        } catch (IOException _) {
            return false;
        }
    }

    /**
     * Lists the threads that exist now.
     *
     * @return the numbers in /proc, and for each the number in the namespace of this process, or 0 if that is not known
     *     or the thread has ended meanwhile
     * @throws IOException when /proc cannot be read
     */
    Map<Integer, Integer> look() throws IOException {
        Map<Integer, Integer> found = new HashMap<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                int number = Integer.parseInt(String.valueOf(task.getFileName()));
                int known = tids.getOrDefault(number, 0);
                found.put(number, isOwnProc ? number : known != 0 ? known : tid(number));
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        tids = found;
        return found;
    }

    private static int tid(int task) throws IOException {
        try (Stream<String> lines = Files.lines(TASKS.resolve(task + "/status"), StandardCharsets.ISO_8859_1)) {
            return lines.map(NUMBERS::matcher).filter(Matcher::matches).mapToInt(
                    line -> Integer.parseInt(line.group(1))).findFirst().orElse(0);
        } catch (NoSuchFileException | UncheckedIOException _) {
            return 0;
        }
    }

    /**
     * Tells whether a thread exists now.
     *
     * @param task its number in /proc
     */
    public static boolean isThere(int task) {
        return Files.exists(TASKS.resolve(Integer.toString(task)));
    }

    /**
     * Returns the kernel's name of a thread, of up to 15 bytes.
     *
     * @param task its number in /proc
     * @throws IOException when the thread has ended
     */
    static String name(int task) throws IOException {
        String line = new String(Files.readAllBytes(TASKS.resolve(task + "/comm")), StandardCharsets.UTF_8);
        return line.endsWith("\n") ? line.substring(0, line.length() - 1) : line;
    }
}
