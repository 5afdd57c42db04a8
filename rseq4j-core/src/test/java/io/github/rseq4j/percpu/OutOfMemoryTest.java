package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.ChildJvm;
import io.github.rseq4j.engine.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Wherever memory runs out, elements stay in their stack, or were passed to the consumer. */
final class OutOfMemoryTest {
    @Test
    void aStackLosesNothing() {
        List<String> options = new ArrayList<>(ChildJvm.NATIVE);
        options.add("-Xmx" + (Engine.get().indexName().equals("stripe") ? 40 : 24) + "m");
        options.add("-XX:+UseSerialGC");
        if (Engine.get().indexName().equals("stripe")) {
            options.add("-Drseq4j.registration=never");
        }
        ChildJvm child = ChildJvm.start(ChildJvm.java(options, MemoryChild.class), Map.of());
        assertEquals(0, child.exit(), child.output());
        assertEquals("true", child.get("done"), child.output());
        assertEquals(List.of("lost=0", "lost=0", "lost=0", "lost=0"),
                child.output().lines().filter(line -> line.startsWith("lost=")).toList(), child.output());
        assertTrue(child.output().lines().anyMatch(line -> line.matches("resize: thrown=[1-9].*")), child.output());
    }
}
