package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.ChildJvm;
import io.github.rseq4j.testing.Rseqs;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Every operation that fences works by visits to CPUs, or fails before any change and can be tried again. */
final class FencesKernelTest {
    private static final int OPERATIONS = 12;

    @Test
    void worksWithoutMembarrierOrChangesNothing() {
        Rseqs.require();
        ChildJvm child = ChildJvm.start(ChildJvm.java(ChildJvm.NATIVE, FencesChild.class), Map.of());
        assertEquals(0, child.exit(), child.output());
        assertEquals(OPERATIONS, lines(child, "walked=").size(), child.output());
        assertEquals("1", child.get("fences"), "runEach fences once\n" + child.output());
        List<String> refused = lines(child, "refused=");
        assertEquals(OPERATIONS + 3, refused.size(), child.output());
        assertTrue(refused.stream().allMatch(line -> line.endsWith(" true true true")), child.output());
        assertEquals(OPERATIONS, lines(child, "again=").size(), child.output());
        assertEquals(4, lines(child, "closed=").size(), child.output());
    }

    private static List<String> lines(ChildJvm child, String key) {
        return child.output().lines().filter(line -> line.startsWith(key)).toList();
    }
}
