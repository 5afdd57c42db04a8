package io.github.rseq4j.cli.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the files of a process in /proc. A process or thread that has ended is absent; that is not an error. */
public final class ProcessFiles {
    private static final Path PROC = Path.of("/proc");
    private static final int HEX = 16;
    /** start-end permissions offset device inode path: proc_pid_maps(5). */
    private static final Pattern MAPPING =
            Pattern.compile("([0-9a-f]+)-([0-9a-f]+) (\\S+) ([0-9a-f]+) (\\S+ [0-9]+) *(.*)");
    /** include/linux/sched.h, PF_KTHREAD; the seventh field after the name in proc_pid_stat(5). */
    private static final long PF_KTHREAD = 0x0020_0000;
    private static final int FLAGS_FIELD = 7;

    private final int pid;
    private final Path folder;

    public ProcessFiles(int pid) {
        this.pid = pid;
        this.folder = PROC.resolve(Integer.toString(pid));
    }

    /**
     * The status of a thread; that of a process is the status of its first thread.
     *
     * @param name the name
     * @param state the letter of the state
     * @param process the id of the thread's process
     * @param tracer the id of the process that traces it, or 0
     * @param user the id of its real user
     * @param effectiveUser the id of its effective user, or -1 if it is unknown
     * @param effectiveGroup the id of its effective group, or -1 if it is unknown
     */
    public record Status(String name, char state, int process, int tracer, String user, int effectiveUser,
                         int effectiveGroup) {
        public boolean hasEnded() {
            return state == 'Z' || state == 'X';
        }
    }

    /**
     * A mapping.
     *
     * @param start its first address
     * @param end the first address after it
     * @param permissions read, write, execute, private or shared
     * @param offset the offset of its first byte in its file
     * @param file device and inode
     * @param path the path of its file, or empty
     */
    record Mapping(long start, long end, String permissions, long offset, String file, String path) {
        boolean isFile() {
            return path.startsWith("/");
        }

        boolean isExecutable() {
            return permissions.contains("x");
        }
    }

    public int pid() {
        return pid;
    }

    private static @Nullable String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return null;
        }
    }

    /** Returns the status of a process or thread by its id, or null if there is none. */
    public static @Nullable Status status(int id) {
        Path folder = PROC.resolve(Integer.toString(id));
        String status = text(folder.resolve("status"));
        String name = text(folder.resolve("comm"));
        if (status == null || name == null) {
            return null;
        }
        Map<String, String> fields = new HashMap<>();
        for (String line : status.lines().toList()) {
            int colon = line.indexOf(':');
            fields.put(line.substring(0, Math.max(colon, 0)), line.substring(colon + 1).strip());
        }
        return new Status(name.endsWith("\n") ? name.substring(0, name.length() - 1) : name,
                (fields.getOrDefault("State", "") + "?").charAt(0), number(fields, "Tgid"), number(fields, "TracerPid"),
                fields.getOrDefault("Uid", "?").split("\\s", 2)[0], effective(fields, "Uid"), effective(fields, "Gid"));
    }

    /** Returns the second of the ids real, effective, saved and of the file system. */
    private static int effective(Map<String, String> fields, String name) {
        String[] ids = fields.getOrDefault(name, "").split("\\s+", 3);
        return ids.length > 1 ? (int) Long.parseLong(ids[1]) : -1;
    }

    private static int number(Map<String, String> fields, String name) {
        return Integer.parseInt(fields.getOrDefault(name, "0"));
    }

    /** Returns the ids of all processes, ascending. */
    public static Set<Integer> processes() {
        return numbers(PROC);
    }

    private static Set<Integer> numbers(Path folder) {
        Set<Integer> numbers = new TreeSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "[0-9]*")) {
            for (Path entry : entries) {
                numbers.add(Integer.valueOf(String.valueOf(entry.getFileName())));
            }
        } catch (IOException | DirectoryIteratorException e) {
            // The process has ended; the threads listed so far may still be there.
            return numbers;
        }
        return numbers;
    }

    /** Returns the words of the process's command line; none if it has ended or they cannot be read. */
    public List<String> commandLine() {
        String text = text(folder.resolve("cmdline"));
        return text == null || text.isEmpty() ? List.of() : List.of(text.split("\0", -1));
    }

    /** Tells whether the process is a thread of the kernel. */
    public boolean isOfTheKernel() {
        String stat = text(folder.resolve("stat"));
        if (stat == null) {
            return false;
        }
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", FLAGS_FIELD + 1);
        return fields.length > FLAGS_FIELD - 1 && (Long.parseLong(fields[FLAGS_FIELD - 1]) & PF_KTHREAD) != 0;
    }

    /** Returns the ids of the process's threads, ascending; none if it has ended. */
    public Set<Integer> threads() {
        return numbers(folder.resolve("task"));
    }

    private Path task(int tid) {
        return folder.resolve("task").resolve(Integer.toString(tid));
    }

    /** Returns the process's mappings, ascending, read through a thread; none if the thread has ended. */
    List<Mapping> mappings(int tid) {
        List<Mapping> mappings = new ArrayList<>();
        // A file has several mappings, and its path may be long.
        Map<String, String> paths = new HashMap<>();
        try (BufferedReader maps = new BufferedReader(new InputStreamReader(
                Files.newInputStream(task(tid).resolve("maps")), StandardCharsets.UTF_8))) {
            for (String line = maps.readLine(); line != null; line = maps.readLine()) {
                Matcher m = MAPPING.matcher(line);
                if (m.matches()) {
                    mappings.add(new Mapping(Long.parseUnsignedLong(m.group(1), HEX),
                            Long.parseUnsignedLong(m.group(2), HEX), m.group(3),
                            Long.parseUnsignedLong(m.group(4), HEX), m.group(5),
                            paths.computeIfAbsent(m.group(6), path -> path)));
                }
            }
        } catch (IOException e) {
            // The thread has ended.
            return List.of();
        }
        return mappings;
    }

    /** Returns the paths of the files that the process has mapped; none if they cannot be read. */
    public Set<String> mappedFiles() {
        Set<String> files = new TreeSet<>();
        mappings(pid).stream().filter(Mapping::isFile).forEach(mapping -> files.add(mapping.path()));
        return files;
    }

    /** Returns the executable of a living thread. It can be opened also if its path was deleted or replaced. */
    Path executable(int tid) {
        return task(tid).resolve("exe");
    }

    /** Returns the target of a link, in the form of mappings, or an empty text. */
    static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "";
        }
    }
}
