package io.github.rseq4j.machine;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file with the names of emitted functions that property {@code rseq4j.perfmap} asks for. It has the format of
 * perf's maps (tools/perf/Documentation/jit-interface.txt): a line for each function, with its address and size in
 * hexadecimal.
 */
final class PerfMap {
    private static final String PROPERTY = "rseq4j.perfmap";

    private @Nullable String wanted = System.getProperty(PROPERTY);

    /** Appends installed functions. A file that cannot be written is not tried again. One thread at a time. */
    void add(List<MachineCode> functions) {
        String file = wanted;
        if (file == null) {
            return;
        }
        StringBuilder lines = new StringBuilder();
        for (MachineCode each : functions) {
            lines.append(Long.toHexString(each.entry())).append(' ')
                    .append(Integer.toHexString(each.bytes().length - each.entryOffset()))
                    .append(" rseq4j_").append(each.name()).append('\n');
        }
        try {
            Files.writeString(Path.of(file.replace("%p", String.valueOf(ProcessHandle.current().pid()))), lines,
                    StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException | IllegalArgumentException e) {
            wanted = null;
            System.getLogger(PerfMap.class.getName()).log(Level.WARNING,
                    "the names of emitted code cannot be written, " + PROPERTY + "=" + file, e);
        }
    }
}
