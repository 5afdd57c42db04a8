package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.ChildJvm;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Large structures that are dropped without a close do not end a program, and its memory has a bound. */
final class DroppedMemoryTest {
    private static final int HEAP_MIB = 256;
    /** The JVM's memory outside the heap, and twice the bound of Pressure for cells and for items. */
    private static final int REST_MIB = 200 + 2 * 2 * 64;

    @ParameterizedTest
    @ValueSource(strings = {"G1", "Serial"})
    void droppedStructuresAreCollectedInTime(String collector) {
        ChildJvm child = ChildJvm.start(ChildJvm.java(List.of(ChildJvm.NATIVE.getFirst(), "-Xmx" + HEAP_MIB + "m",
                "-XX:+Use" + collector + "GC", "-Drseq4j.registration="
                + System.getProperty("rseq4j.registration", "auto")), DroppedChild.class), Map.of());
        assertEquals(0, child.exit(), child.output());
        assertEquals("true", child.get("ended"), child.output());
        for (String kind : List.of("rings", "stacks", "items", "small", "templates")) {
            assertTrue(Integer.parseInt(child.get(kind + ".rssMib")) <= HEAP_MIB + REST_MIB, child.output());
            assertTrue(Integer.parseInt(child.get(kind + ".descriptors")) <= 200, child.output());
        }
    }
}
