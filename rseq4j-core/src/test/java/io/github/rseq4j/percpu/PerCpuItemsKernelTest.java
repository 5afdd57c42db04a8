package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.ChildJvm;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.Seccomp;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.testing.Rseqs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel populates the written pages of items, and takes pages back when their items are new again. */
final class PerCpuItemsKernelTest {
    /** Bits of /proc/PID/pagemap: the page is present; or is swapped; belongs to a file; is mapped once. */
    private static final int PRESENT = 63;
    private static final int SWAPPED = 62;
    private static final int OF_FILE = 61;
    private static final int EXCLUSIVE = 56;

    /**
     * Returns the number of private bytes of a range, according to pagemap. The mapping's numbers in smaps would count
     * those of neighbours, too: the kernel merges mappings.
     */
    private static long ownBytes(long range) throws IOException {
        return ownBytes(range, (long) Engine.get().copies() << Engine.STRIDE_SHIFT);
    }

    private static long ownBytes(long range, long length) throws IOException {
        long pageBytes = Linux.getauxval(Linux.AT_PAGESZ);
        ByteBuffer entries = ByteBuffer.allocate((int) (length / pageBytes) * Long.BYTES)
                .order(ByteOrder.nativeOrder());
        try (FileChannel pages = FileChannel.open(Path.of("/proc/self/pagemap"))) {
            long at = range / pageBytes * Long.BYTES;
            while (entries.hasRemaining()) {
                assertTrue(pages.read(entries, at + entries.position()) > 0, "pagemap ends");
            }
        }
        entries.flip();
        long bytes = 0;
        while (entries.hasRemaining()) {
            long entry = entries.getLong();
            boolean isOwn = has(entry, PRESENT) && has(entry, EXCLUSIVE) && !has(entry, OF_FILE);
            bytes += isOwn || has(entry, SWAPPED) ? pageBytes : 0;
        }
        return bytes;
    }

    /** Tells whether a page of zeros is mapped when memory is read that was never written. Not every kernel has one. */
    private static boolean hasZeroPage() throws IOException {
        long pageBytes = Linux.getauxval(Linux.AT_PAGESZ);
        long page = Errno.check("mmap", Linux.mmap(pageBytes, Linux.PROT_READ | Linux.PROT_WRITE));
        try {
            assertEquals(0, RawMemory.getLong(page));
            return ownBytes(page, pageBytes) == 0;
        } finally {
            Errno.check("munmap", Linux.munmap(page, pageBytes));
        }
    }

    private static boolean has(long entry, int bit) {
        return (entry >>> bit & 1) != 0;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100})
    void populatesOnlyThePageOfTheWrittenCopy(int templateBytes) throws IOException {
        Rseqs.require();
        byte[] template = new byte[templateBytes];
        Arrays.fill(template, (byte) 1);
        long pageBytes = Linux.getauxval(Linux.AT_PAGESZ);
        int itemBytes = (int) pageBytes;
        try (PerCpuItems items = new PerCpuItems(itemBytes, ItemOptions.defaults().withMaxRanges(1)
                .withTemplate(template))) {
            long first = items.allocate();
            long before = ownBytes(first);
            long item = items.allocate();
            while (items.stats().free() > 0) {
                items.allocate();
            }
            boolean isRead = templateBytes > 0 || hasZeroPage();
            for (int index = 0; isRead && index < items.copies(); index++) {
                items.getLong(item, index, 0);
            }
            assertEquals(before, ownBytes(first), "reading populates nothing");
            items.putLong(item, 0, 0, 1);
            assertEquals(before + pageBytes, ownBytes(first));
            items.putLong(item, items.copies() - 1, itemBytes - 8, 1);
            assertEquals(before + 2 * pageBytes, ownBytes(first));
            items.free(item);
            assertEquals(item, items.allocate());
            assertEquals(before, ownBytes(first), "an item of whole pages releases them");
        }
    }

    @Test
    void robustModePopulatesOnlyUsedCopies() throws IOException {
        Rseqs.require();
        int itemBytes = (int) Linux.getauxval(Linux.AT_PAGESZ);
        try (PerCpuItems items = new PerCpuItems(itemBytes, ItemOptions.defaults().withRobust(true))) {
            long item = items.allocate();
            long before = ownBytes(item);
            items.putLong(item, 1, 0, 1);
            items.free(item);
            items.verify();
            assertEquals(before + (hasZeroPage() ? 1L : items.copies()) * itemBytes, ownBytes(item));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aClosedPoolHoldsNoMemoryAndNoFile(int templateBytes) throws IOException {
        Rseqs.require();
        long files = files();
        PerCpuItems items = new PerCpuItems(PerCpuItems.MAX_ITEM_BYTES, ItemOptions.defaults()
                .withTemplate(new byte[templateBytes]));
        assertEquals(files + templateBytes, files());
        long item = items.allocate();
        long bytes = (long) items.copies() * items.itemBytes();
        for (int index = 0; index < items.copies(); index++) {
            for (int offset = 0; offset < items.itemBytes(); offset += 4096) {
                items.putLong(item, index, offset, 5);
            }
        }
        assertTrue(ownBytes(item) >= bytes);
        items.close();
        assertEquals(0, ownBytes(item));
        assertEquals(files, files());
    }

    private static ChildJvm runFiltered(int number) {
        List<String> command = new ArrayList<>(ChildJvm.java(ChildJvm.NATIVE, Seccomp.class));
        for (int each : new int[] {number, -1, 0, Errno.EPERM}) {
            command.add(Integer.toString(each));
        }
        command.addAll(ChildJvm.java(ChildJvm.NATIVE, ItemsChild.class));
        return ChildJvm.start(command, Map.of());
    }

    private static void requireRight(ChildJvm child) {
        assertEquals(0, child.exit(), child.output());
        assertEquals("4", child.get("held"), child.output());
        assertEquals("0", child.get("wrong"), child.output());
    }

    @Test
    void aPoolAsTheFirstStructureShowsItsTemplateInTheFirstRange() {
        Rseqs.require();
        ChildJvm child = ChildJvm.start(ChildJvm.java(ChildJvm.NATIVE, ItemsChild.class), Map.of());
        requireRight(child);
        assertEquals("7", child.get("reused"), child.output());
    }

    @Test
    void writesTheTemplateWhereMemoryFilesAreRefused() {
        Rseqs.require();
        ChildJvm child = runFiltered(SystemCall.MEMFD_CREATE.number());
        requireRight(child);
        assertEquals("7", child.get("reused"), child.output());
    }

    @Test
    void reusesFreedItemsWhereMembarrierIsRefused() {
        Rseqs.require();
        ChildJvm child = runFiltered(SystemCall.MEMBARRIER.number());
        requireRight(child);
        assertEquals("7", child.get("reused"), child.output());
    }

    private static long files() throws IOException {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.filter(file -> isOurs(file)).count();
        }
    }

    private static boolean isOurs(Path file) {
        try {
            return Files.readSymbolicLink(file).toString().contains("rseq4j-items");
        } catch (IOException e) {
            // The listed folder itself is closed in the meantime.
            return false;
        }
    }
}
