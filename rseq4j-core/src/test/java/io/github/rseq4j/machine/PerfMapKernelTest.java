package io.github.rseq4j.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.ChildJvm;
import io.github.rseq4j.testing.Rseqs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The names of emitted code for perf. */
final class PerfMapKernelTest {
    private static final int HEX = 16;
    private static final Pattern RANGE = Pattern.compile("range ([0-9a-f]+)-([0-9a-f]+) .*");
    private static final Pattern LINE = Pattern.compile("([0-9a-f]+) ([0-9a-f]+) (rseq4j_\\w+)");

    private static ChildJvm child(Path file) {
        Rseqs.require();
        List<String> options = new ArrayList<>(ChildJvm.NATIVE);
        options.add("-Drseq4j.perfmap=" + file);
        ChildJvm child = ChildJvm.start(ChildJvm.java(options, PerfMapChild.class), Map.of());
        assertEquals("1", child.get("sum"), child.output());
        return child;
    }

    private static boolean isExecutable(ChildJvm child, long from, long to) {
        return child.output().lines().map(RANGE::matcher).filter(Matcher::matches)
                .anyMatch(range -> Long.parseUnsignedLong(range.group(1), HEX) <= from
                        && to <= Long.parseUnsignedLong(range.group(2), HEX));
    }

    @Test
    void namesEachFunctionWhereItIsMapped(@TempDir Path folder) throws IOException {
        ChildJvm child = child(folder.resolve("names-%p.map"));
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.toList();
        }
        assertEquals(1, files.size(), files::toString);
        assertTrue(files.getFirst().getFileName().toString().matches("names-\\d+\\.map"), files::toString);
        List<String> names = new ArrayList<>();
        for (String line : Files.readAllLines(files.getFirst())) {
            Matcher found = LINE.matcher(line);
            assertTrue(found.matches(), line);
            long address = Long.parseUnsignedLong(found.group(1), HEX);
            long bytes = Long.parseLong(found.group(2), HEX);
            assertTrue(bytes > 0 && isExecutable(child, address, address + bytes), line + "\n" + child.output());
            names.add(found.group(3));
        }
        assertTrue(names.contains("rseq4j_load_add_store_relaxed"), names::toString);
    }

    @Test
    void followsNoLink(@TempDir Path folder) throws IOException {
        Path target = Files.writeString(folder.resolve("target"), "of somebody else");
        ChildJvm child = child(Files.createSymbolicLink(folder.resolve("names.map"), target));
        assertTrue(child.output().contains("cannot be written"), child.output());
        assertEquals("of somebody else", Files.readString(target));
    }

    @Test
    void aFileThatCannotBeWrittenIsSaidOnce(@TempDir Path folder) {
        ChildJvm child = child(folder.resolve("missing").resolve("names.map"));
        assertEquals(1, child.output().lines().filter(line -> line.contains("cannot be written")).count(),
                child.output());
    }
}
