package io.github.rseq4j.machine;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * A file with the names of emitted functions. It has the format of perf's maps
 * (tools/perf/Documentation/jit-interface.txt): a line for each function, with its address and size in hexadecimal.
 */
final class PerfMap {
    private final String file;
    private volatile boolean isRefused;

    private PerfMap(String file) {
        this.file = file;
    }

    /** Returns the file that {@link CodeMemory#PERF_MAP} asks for, in which %p is the number of this process. */
    static PerfMap of(String property) {
        return new PerfMap(property.replace("%p", String.valueOf(ProcessHandle.current().pid())));
    }

    /**
     * Appends installed functions. A file that cannot be written is not tried again. A link is not followed: the name
     * can be guessed, and /tmp belongs to all users. Called without a lock, because loggers are foreign code.
     */
    void add(List<MachineCode> functions) {
        if (isRefused) {
            return;
        }
        StringBuilder lines = new StringBuilder();
        for (MachineCode each : functions) {
            lines.append(Long.toHexString(each.entry())).append(' ')
                    .append(Integer.toHexString(each.bytes().length - each.entryOffset()))
                    .append(" rseq4j_").append(each.name()).append('\n');
        }
        try {
            Files.writeString(Path.of(file), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND,
                    LinkOption.NOFOLLOW_LINKS);
        } catch (IOException | IllegalArgumentException e) {
            isRefused = true;
            System.getLogger(PerfMap.class.getName()).log(Level.WARNING,
                    "the names of emitted code cannot be written, " + CodeMemory.PERF_MAP + "=" + file, e);
        }
    }
}
