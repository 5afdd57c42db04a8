package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A full disk: what finds no room is counted, the program goes on, and so does the trace when there is room. */
final class FullDiskKernelTest {
    private static final int MEGABYTES = 4;

    @Test
    void aFullDiskIsCountedAndTheProgramGoesOn(@TempDir Path disk) throws Exception {
        assumeTrue(Rseq.availability().available(), "rings are files with rseq alone");
        String output = Child.output(Map.of(), Child.onSmallDisk(disk, MEGABYTES,
                Child.java(List.of(), FullDiskChild.class, disk.toString())));
        Map<String, String> found = output.lines().collect(Collectors.toMap(line -> line.replaceFirst("=.*", ""),
                line -> line.replaceFirst("^[^=]*=", ""), (one, other) -> one + "; " + other));
        assertTrue(String.valueOf(found.get("refused")).startsWith("java.io.IOException: "), output);
        assertEquals("false", found.get("left"), output);
        assertEquals("1", found.get("again"), output);

        assertEquals(null, found.get("problem"), output);
        assertEquals("true", found.get("failures"), output);
        assertTrue(String.valueOf(found.get("failure")).startsWith("java.io.IOException: "), output);
        assertEquals("true", found.get("discarded"), output);
        assertEquals("0", found.get("lost"), output);
        assertEquals(found.get("emitted"), found.get("counted"), output);
        assertEquals("true", found.get("kept"), output);
        assertEquals("false", found.get("rings"), output);

        if (!found.containsKey("cpus")) {
            assertEquals("1000", found.get("lostLater"), output);
            assertEquals("1", found.get("triedLater"), output);
            assertEquals("1", found.get("ringsLater"), output);
            assertEquals("2", found.get("ringsThen"), output);
            assertEquals("2", found.get("eventsThen"), output);
        }
    }
}
