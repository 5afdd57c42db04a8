package io.github.rseq4j.agent.table;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.MemoryFile;
import io.github.rseq4j.memory.Cells;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A table whose cells are private memory. A thread of the agent copies their sums to a file. */
final class CopiedTable implements TableMemory {
    /* How it works
     *
     * The file has the same layout, with one copy of each cell. Only publish writes to it, so that a thread that loads
     * a class does no I/O: until then the header, the entries and the texts are in arrays.
     *
     * The file is a memfd or, where memfd_create is refused, a file in the folder of temporary files, which is deleted
     * at once. Other processes find both by /proc/PID/fd. They are written by write(2): neither a truncation nor a full
     * disk sends a signal. RandomAccessFile is used because an interrupt does not close it.
     *
     * A number in the header is odd while a copy is written, so that readers get one copy whole (a sequence lock).
     *
     * Cells are summed one after the other while calls go on, and a call adds to two words. So of each thread a copy
     * may have a call in part; the next copy has all of it. Refused: reading until nothing changes, because a method
     * that is called all the time always changes; a lock, because calls would wait for the copying thread.
     */
    private static final int BLOCK = 512;
    /** The owner of all cells: it is never collected before this class. */
    private static final Object OWNER = new Object();

    private final TableLayout layout = new TableLayout(1);
    private final Cells cells = Cells.get();
    private final long[] counters = new long[TableLayout.MAX_METHODS / BLOCK];
    private final long[] maxima = new long[TableLayout.MAX_METHODS / BLOCK];
    private long[] histograms = {};
    private byte[] head = new byte[TableLayout.HEADER_BYTES];
    private byte[] texts = {};
    private int textBytes;
    private int writtenTextBytes;
    private long copyNumber;
    private final @Nullable RandomAccessFile file;

    /** Makes the file, if the system permits. Without it all is counted, and no process reads it. */
    CopiedTable() {
        this.file = open();
    }

    private @Nullable RandomAccessFile open() {
        try {
            // The file descriptor stays open: it is how other processes find the table.
            int fd = MemoryFile.create(TableLayout.FILE_NAME, layout.fileBytes(1));
            try {
                return new RandomAccessFile("/proc/self/fd/" + fd, "rw");
            } catch (IOException e) {
                Linux.close(fd);
                throw new UncheckedIOException(e);
            }
        } catch (RuntimeException _) {
            return openOfFolder();
        }
    }

    private static @Nullable RandomAccessFile openOfFolder() {
        try {
            Path path = Files.createTempFile(TableLayout.FILE_NAME, "");
            try {
                return new RandomAccessFile(path.toFile(), "rw");
            } finally {
                Files.delete(path);
            }
        } catch (IOException _) {
            return null;
        }
    }

    /** Tells whether other processes can read the table. */
    boolean hasFile() {
        return file != null;
    }

    @Override
    public TableLayout layout() {
        return layout;
    }

    @Override
    public void put(long offset, long value) {
        if (offset >= head.length) {
            head = Arrays.copyOf(head, Math.max(2 * head.length, Math.toIntExact(offset + TableLayout.ENTRY_BYTES)));
        }
        ByteBuffer.wrap(head).order(ByteOrder.nativeOrder()).putLong(Math.toIntExact(offset), value);
    }

    @Override
    public void put(long offset, byte[] bytes) {
        int at = Math.toIntExact(offset - TableLayout.TEXTS_AT);
        if (texts.length - at < bytes.length) {
            texts = Arrays.copyOf(texts, Math.max(2 * texts.length, at + bytes.length));
        }
        System.arraycopy(bytes, 0, texts, at, bytes.length);
        textBytes = at + bytes.length;
    }

    private long cell(long[] blocks, int site) {
        if (blocks[site / BLOCK] == 0) {
            blocks[site / BLOCK] = cells.allocate(OWNER, BLOCK);
        }
        return blocks[site / BLOCK] + (long) (site % BLOCK) * Long.BYTES;
    }

    @Override
    public long counter(int site) {
        return cell(counters, site);
    }

    @Override
    public long max(int site) {
        return cell(maxima, site);
    }

    @Override
    public long histogram(int number) {
        if (number >= histograms.length) {
            histograms = Arrays.copyOf(histograms, Math.max(2 * histograms.length, number + 1));
        }
        if (histograms[number] == 0) {
            histograms[number] = cells.allocatePairs(OWNER, TableLayout.BUCKETS.size());
        }
        return histograms[number];
    }

    @Override
    public int maxHistograms() {
        return TableLayout.MAX_METHODS;
    }

    @Override
    public void publish(int[] sites, int count) {
        RandomAccessFile open = file;
        if (open == null) {
            return;
        }
        put(TableLayout.COPIED_AT, System.currentTimeMillis());
        for (int site : sites) {
            put(TableLayout.entry(site) + TableLayout.MAX_AT, Engine.get().memory().getLong(max(site)));
        }
        try {
            // Odd, also if the copy before was not ended.
            putCopyNumber(open, copyNumber + 1 + (copyNumber & 1));
            int ranges = sites.length == 0 ? 1 : 1 + TableLayout.range(sites.length - 1);
            open.setLength(Math.max(open.length(), layout.fileBytes(ranges)));
            write(open, TableLayout.TEXTS_AT + writtenTextBytes,
                    Arrays.copyOfRange(texts, writtenTextBytes, textBytes));
            writtenTextBytes = textBytes;
            for (int block = 0; block * BLOCK < count; block++) {
                write(open, layout.counter(block * BLOCK), bytes(cells.sums(counter(block * BLOCK), BLOCK)));
            }
            for (int number = 0; number < sites.length; number++) {
                write(open, layout.histogram(number), bytes(cells.sums(histograms[number], TableLayout.WORDS)));
            }
            write(open, 0, Arrays.copyOf(head, Math.toIntExact(TableLayout.entry(count))));
            putCopyNumber(open, copyNumber + 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void putCopyNumber(RandomAccessFile to, long number) throws IOException {
        copyNumber = number;
        put(TableLayout.COPY_NUMBER_AT, number);
        write(to, TableLayout.COPY_NUMBER_AT, bytes(new long[] {number}));
    }

    private static byte[] bytes(long[] words) {
        ByteBuffer bytes = ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.nativeOrder());
        bytes.asLongBuffer().put(words);
        return bytes.array();
    }

    private static void write(RandomAccessFile file, long offset, byte[] bytes) throws IOException {
        file.seek(offset);
        file.write(bytes);
    }
}
