package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.ring.Rings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The making of rings, and the cells of their heads. */
final class RingsTest {
    /** An agent, for example, records an event of the code that makes a ring. */
    @Test
    void losesAnEventThatIsRecordedWhileARingIsMade(@TempDir Path folder) throws IOException {
        TracerCounts counts = new TracerCounts();
        AtomicReference<@Nullable Rings> made = new AtomicReference<>();
        List<Boolean> inner = new ArrayList<>();
        SafeFolder opened = SafeFolder.open(folder);
        Rings rings = new Rings(opened, UUID.randomUUID(), 0, TracerOptions.defaults().sizes(), false, counts, ring -> {
            Rings known = made.get();
            if (known != null) {
                inner.add(known.open(ring.index()));
            }
        });
        made.set(rings);
        int first = rings.opened().getFirst().index();
        int other = IntStream.range(0, Engine.get().copies()).filter(index -> index != first).findFirst()
                .orElseThrow();
        assertTrue(rings.open(other));
        assertEquals(List.of(false), inner);
        assertEquals(1, counts.lostEvents());
        assertEquals(2, rings.opened().size());
        assertTrue(rings.open(other), "the ring exists, and is not made again");
        assertEquals(List.of(false), inner);
        rings.close(true);
        assertEquals(List.of(), opened.names());
        opened.close();
    }

    /** Cells take a stride of address space for each index. The heads of all tracers lie in the same strides. */
    @Test
    void tracersShareTheAddressSpaceOfTheirHeads(@TempDir Path folder) throws IOException {
        Set<Long> ranges = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            Tracer tracer = Tracer.flightRecorder(folder.resolve("trace" + i), LeftTrace.OPTIONS);
            ranges.add(tracer.recording.channel().cells() >>> Engine.STRIDE_SHIFT);
            tracer.close();
            TracerTest.record(tracer, 0, 0);
        }
        assertTrue(ranges.size() <= 3, ranges::toString);
    }
}
