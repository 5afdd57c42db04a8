package io.github.rseq4j.agent.table;

import io.github.rseq4j.kernel.SparseFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Adds up the copies of cells in a table's file. Used by one thread. */
final class CellSums {
    /* How it works
     *
     * Cells are asked for first, and then read range by range, so that one array takes the sums of a range. Of each
     * copy only the pages with data are read (SEEK_DATA): a CPU that never ran a traced method costs one call.
     *
     * The file is read by pread(2), not mapped: a read of a hole through a mapping would populate the page, in the
     * memory of the traced process. A file that becomes shorter makes a read end early, and sends no signal. The kernel
     * copies an aligned word by one load on both architectures, but does not promise it: a word that is torn is right
     * again in the next reading.
     */
    private static final int CHUNK_BYTES = 1 << 17;

    /** Receives the sums of cells. */
    interface Receiver {
        /**
         * Receives sums.
         *
         * @param sums an array that is valid during this call
         * @param from the place of the first sum
         */
        void accept(long[] sums, int from);
    }

    /** Cells of a range: their place in each copy, and their number. */
    private record Cells(int at, int count, Receiver receiver) {}

    private final FileChannel file;
    private final String path;
    private final long fileBytes;
    private final TableLayout layout;
    private final Map<Long, List<Cells>> ranges = new TreeMap<>();
    private final long[] sums = new long[(int) (TableLayout.STRIDE_BYTES / Long.BYTES)];
    private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.nativeOrder());

    CellSums(FileChannel file, Path path, long fileBytes, TableLayout layout) {
        this.file = file;
        this.path = path.toString();
        this.fileBytes = fileBytes;
        this.layout = layout;
    }

    /**
     * Asks for cells.
     *
     * @param offset the offset in the file of the first cell's copy for index 0
     * @param count the number of cells
     * @param receiver receives their sums
     * @throws TableException if the cells are not within a range of the file
     */
    void ask(long offset, int count, Receiver receiver) throws TableException {
        long at = (offset - TableLayout.RANGES_AT) % layout.rangeBytes();
        if (offset < TableLayout.RANGES_AT || offset > fileBytes || offset - at + layout.rangeBytes() > fileBytes
                || offset % Long.BYTES != 0 || at + (long) count * Long.BYTES > TableLayout.STRIDE_BYTES) {
            throw TableHeader.damaged("cell=" + offset + ", count=" + count + ", fileBytes=" + fileBytes);
        }
        ranges.computeIfAbsent(offset - at, _ -> new ArrayList<>())
                .add(new Cells((int) (at / Long.BYTES), count, receiver));
    }

    /**
     * Reads the cells, and passes their sums on.
     *
     * @throws IOException if the file cannot be read
     */
    void read() throws IOException {
        for (Map.Entry<Long, List<Cells>> range : ranges.entrySet()) {
            int used = range.getValue().stream().mapToInt(cells -> cells.at + cells.count).max().orElse(0);
            Arrays.fill(sums, 0, used, 0);
            add(range.getKey(), used);
            for (Cells cells : range.getValue()) {
                cells.receiver.accept(sums, cells.at);
            }
        }
    }

    private void add(long range, int used) throws IOException {
        long end = range + layout.rangeBytes();
        long at = range;
        while (at < end) {
            long data = SparseFile.data(path, at) & -Long.BYTES;
            if (data >= end) {
                return;
            }
            long inCopy = (data - range) % TableLayout.STRIDE_BYTES;
            long left = (long) used * Long.BYTES - inCopy;
            at = left <= 0 ? data - inCopy + TableLayout.STRIDE_BYTES
                    : data + addChunk(data, (int) (inCopy / Long.BYTES), (int) Math.min(left, CHUNK_BYTES));
        }
    }

    /** Adds a piece of a copy; returns its length, in bytes. */
    private int addChunk(long offset, int first, int bytes) throws IOException {
        chunk.clear().limit(bytes);
        while (chunk.hasRemaining() && file.read(chunk, offset + chunk.position()) >= 0) {
            // Reads on, until the chunk is full or the file ends.
        }
        LongBuffer words = chunk.flip().asLongBuffer();
        for (int i = 0; i < words.limit(); i++) {
            sums[first + i] += words.get(i);
        }
        return bytes;
    }
}
