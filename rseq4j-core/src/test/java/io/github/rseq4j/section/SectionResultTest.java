package io.github.rseq4j.section;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.percpu.PerCpuItems;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A result names the outcome of a call, and costs no memory where it does not escape. */
final class SectionResultTest {
    private static final RestartableSection MAX = UserSections.max();
    private static final RestartableSection FETCH_ADD = UserSections.fetchAdd();
    private static final int CALLS = 20_000;

    @Test
    void refusesStatusesThatTheSectionNeverReturns() {
        RestartableSection max = UserSections.max();
        RestartableSection take = UserSections.take();
        for (long status : new long[] {-1, -3, -15, -23, -24, -16 - 256, Long.MIN_VALUE}) {
            assertThrows(IllegalArgumentException.class, () -> max.result(status), "status " + status);
        }
        assertThrows(IllegalArgumentException.class, () -> take.result(-16 - 3 * 256));
        assertEquals("committed, value=7", max.result(7).toString());
        assertEquals("exit 0 after 0 of 1 sections", max.result(-16).toString());
        assertEquals("exit 6 after 2 of 3 sections", take.result(-22 - 2 * 256).toString());
        assertEquals(take.result(-22), take.result(-22));
        assertNotEquals(take.result(-22), take.result(-21));
    }

    @Test
    void hasAValueOrAnExit() {
        SectionResult committed = UserSections.take().result(5);
        assertEquals(List.of(5L, 5L), List.of(committed.value(), committed.orElse(9)));
        assertEquals(3, committed.committedSections());
        assertTrue(committed.isCommitted() && !committed.isExit(0));
        String message = String.valueOf(assertThrows(IllegalStateException.class, committed::exit).getMessage());
        assertTrue(message.contains("committed, value=5"), message);
        SectionResult left = UserSections.take().result(-17 - 256);
        assertEquals(List.of(1, 9L, 1), List.of(left.exit(), left.orElse(9), left.committedSections()));
        assertTrue(!left.isCommitted() && left.isExit(1) && !left.isExit(0) && !left.isExit(-17));
        message = String.valueOf(assertThrows(IllegalStateException.class, left::value).getMessage());
        assertTrue(message.contains("exit 1 after 1 of 3 sections"), message);
    }

    /** Throws, so that the JVM compiles the branch that throws, too. */
    private static int throwSometimes() {
        int thrown = 0;
        for (int i = 0; i < CALLS; i++) {
            try {
                thrown += (int) MAX.result(i % 100 == 0 ? -16 : 0).value();
            } catch (IllegalStateException e) {
                thrown++;
            }
        }
        return thrown;
    }

    /** Neither the arguments' array nor the result is an object once the caller is compiled. */
    @Test
    void allocatesNothingWhereTheResultDoesNotEscape() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (PerCpuItems items = new PerCpuItems(8)) {
            long item = items.allocate();
            long perCall = Long.MAX_VALUE;
            long found = throwSometimes();
            for (int round = 0; round < 400 && perCall > 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < CALLS; i++) {
                    found += FETCH_ADD.call(item, 1).value();
                    found += MAX.call(item, 0).isExit(UserSections.LOWER) ? 1 : 0;
                }
                perCall = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
            }
            assertEquals(0, perCall, "bytes a call");
            assertTrue(found > CALLS, "the results were read");
        }
    }
}
