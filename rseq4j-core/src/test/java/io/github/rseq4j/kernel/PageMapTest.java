package io.github.rseq4j.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

final class PageMapTest {
    private static final int PAGES = 40;

    @Test
    void tellsThePagesThatWereWritten() {
        assumeTrue(Linux.isCallable(), "no system call can be made");
        long page = Linux.getauxval(Linux.AT_PAGESZ);
        long region = Linux.mmap(PAGES * page, Linux.PROT_READ | Linux.PROT_WRITE);
        Linux.madvise(region, PAGES * page, Linux.MADV_NOHUGEPAGE);
        try (PageMap map = new PageMap(page)) {
            assertEquals(new BitSet(), map.populated(region, PAGES * page));
            BitSet expected = new BitSet();
            for (int i = 0; i < PAGES; i += 3) {
                RawMemory.putByte(region + i * page + (i % 2 == 0 ? 0 : page - 1), (byte) 1);
                expected.set(i);
            }
            assertEquals(expected, map.populated(region, PAGES * page));
            // Parts that begin and end inside pages: of pages 2 to 6, pages 3 and 6 were written.
            assertEquals(expected.get(2, 7), map.populated(region + 3 * page - 1, 3 * page + 2));
            assertEquals(expected.get(3, 6), map.populated(region + 3 * page, 3 * page));
            Linux.madvise(region, 4 * page, Linux.MADV_DONTNEED);
            expected.clear(0, 4);
            assertEquals(expected, map.populated(region, PAGES * page));
        } finally {
            Linux.munmap(region, PAGES * page);
        }
    }
}
