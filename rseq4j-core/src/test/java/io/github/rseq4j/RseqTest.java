package io.github.rseq4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Cpus;
import io.github.rseq4j.kernel.Linux;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The facade describes this JVM correctly, on rseq and on the fallback. */
final class RseqTest {
    @Test
    void givesTheReasonWhenItIsNotAvailable() {
        Rseq.Availability availability = Rseq.availability();
        assertEquals(availability.owner() != Rseq.Owner.NONE, availability.available());
        assertEquals(availability.available(), availability.reason().isEmpty(), availability.toString());
        assertEquals(availability.available(), availability.remedy().isEmpty(), availability.toString());
        assertEquals(availability.available() ? "restartable sequences" : "locked stripes", availability.engine());
        if ("never".equals(System.getProperty("rseq4j.registration"))) {
            assertFalse(availability.available());
            assertTrue(availability.reason().contains("rseq4j.registration=never"), availability.reason());
            assertEquals("stripe", availability.index());
        }
    }

    @Test
    void namesTheSameOwnersAsTheRegistration() {
        assertEquals(Arrays.stream(io.github.rseq4j.registration.Owner.values()).map(Enum::name).toList(),
                Arrays.stream(Rseq.Owner.values()).map(Enum::name).toList());
    }

    @Test
    void returnsTheSameAvailabilityEachTime() {
        assertEquals(Rseq.availability(), Rseq.availability());
        assertEquals(Rseq.availability().toString(), Rseq.availability().toString());
    }

    @Test
    void returnsTheCurrentCpuAndNode() throws InterruptedException {
        assertTrue(Rseq.currentCpu() >= 0 && Rseq.currentCpu() < Cpus.possible());
        assertTrue(Rseq.currentNode() >= 0);
        int[] seen = new int[2];
        Thread pinned = Thread.ofPlatform().start(() -> {
            seen[0] = Linux.sched_getcpu();
            Linux.sched_setaffinity(0, seen[0]);
            seen[1] = Rseq.currentCpu();
        });
        pinned.join();
        assertEquals(seen[0], seen[1]);
    }

    @Test
    void returnsTheConcurrencyIdOrThrowsWithTheReason() {
        if ("mm_cid".equals(Rseq.availability().index())) {
            assertTrue(Rseq.currentMmCid() >= 0 && Rseq.currentMmCid() < Rseq.availability().limit());
        } else {
            String message = assertThrows(UnsupportedOperationException.class, Rseq::currentMmCid).getMessage();
            assertTrue(String.valueOf(message).contains("featureBytes="), message);
        }
    }
}
