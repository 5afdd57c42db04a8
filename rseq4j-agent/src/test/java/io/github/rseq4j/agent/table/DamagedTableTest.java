package io.github.rseq4j.agent.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reader survives every file. It reads copies of a table, which are damaged by chance or on purpose. */
final class DamagedTableTest {
    private static final int METHODS = 300;
    private static final int ROUNDS = 400;
    /** The ranges of 300 histograms, and that of counters. */
    private static final int RANGES = 1 + (METHODS + TableLayout.HISTOGRAMS - 1) / TableLayout.HISTOGRAMS;

    @TempDir
    private Path folder;
    private FileChannel file;
    private MethodTableReader reader;
    private byte[] head;
    private byte[] texts;
    private long fileBytes;
    private Path original;

    @BeforeEach
    void copy() throws IOException {
        Set<Path> others = tables();
        MethodTable table = MethodTable.create();
        Set<Path> made = tables();
        made.removeAll(others);
        original = made.iterator().next();
        for (int i = 0; i < METHODS; i++) {
            table.mode(table.add("a.B" + i, "m", "()V"), "time");
            CounterFunctions.add(table.countCell(i), 3);
            table.histogram(i).record(1000L * i);
        }
        table.publish();
        file = FileChannel.open(folder.resolve("table"), StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        copyFrom();
        // A link whose target looks like that of a table.
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("/memfd:rseq4j-agent (deleted)"));
        reader = new MethodTableReader(1, link, file);
    }

    private void copyFrom() throws IOException {
        try (FileChannel from = FileChannel.open(original, StandardOpenOption.READ)) {
            fileBytes = Math.min(from.size(), new TableLayout(Engine.get().hasKernelPages() ? Engine.get().copies() : 1)
                    .fileBytes(RANGES));
            head = bytes(from, 0, (int) TableLayout.entry(METHODS));
            texts = bytes(from, TableLayout.TEXTS_AT, 1 << 14);
            restore();
            for (long at = TableLayout.RANGES_AT; at < fileBytes; at += 1 << 20) {
                file.write(ByteBuffer.wrap(bytes(from, at, (int) Math.min(fileBytes - at, 1 << 20))), at);
            }
        }
    }

    private void restore() throws IOException {
        file.write(ByteBuffer.wrap(head), 0);
        file.write(ByteBuffer.wrap(texts), TableLayout.TEXTS_AT);
    }

    private static byte[] bytes(FileChannel from, long at, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining() && from.read(bytes, at + bytes.position()) >= 0) {
            // Reads on.
        }
        return bytes.array();
    }

    /** Returns the descriptors of this process that are tables. */
    private static Set<Path> tables() throws IOException {
        Set<Path> tables = new HashSet<>();
        try (Stream<Path> links = Files.list(Path.of("/proc/self/fd"))) {
            for (Path link : links.toList()) {
                if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).toString().contains("rseq4j-agent")
                        && Files.isRegularFile(link)) {
                    tables.add(link);
                }
            }
        }
        return tables;
    }

    @AfterEach
    void close() throws IOException {
        reader.close();
    }

    private void put(long at, long word) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(0, word);
        file.write(bytes, at);
    }

    private void assertRefuses(String reason) {
        String message = String.valueOf(assertThrows(TableException.class, reader::read).getMessage());
        assertTrue(message.contains(reason), message);
    }

    @Test
    void readsTheCopy() throws TableException {
        assertEquals(METHODS, reader.read().rows().size());
        reader.read().rows().forEach(row -> assertEquals(4, row.calls()));
    }

    @Test
    void refusesWhatNoAgentHasWritten() throws IOException {
        long entry = TableLayout.entry(7);
        put(TableLayout.MAGIC_AT, 0);
        assertRefuses("not complete");
        restore();
        put(TableLayout.VERSION_AT, 3);
        assertRefuses("version 3, and this rseq4j reads version 2");
        for (long[] word : new long[][] {{TableLayout.COPIES_AT, 0}, {TableLayout.COPIES_AT, Long.MIN_VALUE},
                {TableLayout.COPIES_AT, 1 << 16}, {TableLayout.FREQUENCY_AT, 0}, {TableLayout.SIGNIFICANT_BITS_AT, 63},
                {TableLayout.LAST_BUCKET_AT, 1 << 20}, {TableLayout.COUNT_AT, -1}, {TableLayout.COUNT_AT, 1 << 20},
                {TableLayout.REASON_AT, -1}, {entry + TableLayout.CLASS_AT, 57L << 52 | 9},
                {entry + TableLayout.METHOD_AT, 0x8000_0000L}, {entry + TableLayout.MODE_AT, Integer.MAX_VALUE},
                {entry + TableLayout.COUNTER_AT, 0}, {entry + TableLayout.COUNTER_AT, Long.MAX_VALUE - 7},
                {entry + TableLayout.COUNTER_AT, TableLayout.RANGES_AT + 1},
                {entry + TableLayout.HISTOGRAM_AT, TableLayout.RANGES_AT + TableLayout.STRIDE_BYTES - 8},
                {entry + TableLayout.HISTOGRAM_AT, Long.MIN_VALUE}}) {
            restore();
            put(word[0], word[1]);
            assertRefuses("damaged");
        }
    }

    @Test
    void survivesDamageByChance() throws IOException {
        long seed = System.nanoTime();
        RandomGenerator random = new SplittableRandom(seed);
        int read = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                long at = switch (random.nextInt(4)) {
                    case 0 -> random.nextInt(12) * 8L;
                    case 1 -> random.nextLong(TableLayout.ENTRIES_AT / 8, TableLayout.entry(METHODS) / 8) * 8;
                    case 2 -> TableLayout.TEXTS_AT + random.nextInt(1 << 14);
                    default -> TableLayout.RANGES_AT + random.nextLong((fileBytes - TableLayout.RANGES_AT) / 8) * 8;
                };
                put(at, random.nextLong() >>> random.nextInt(64) << random.nextInt(32));
            }
            if (random.nextInt(50) == 0) {
                file.truncate(random.nextLong(fileBytes));
            }
            try {
                TableReading reading = reader.read();
                read += reading.rows().size() == reading.since(reading).size() ? 1 : 0;
            } catch (TableException e) {
                assertTrue(String.valueOf(e.getMessage()).startsWith("pid=1: the agent's table"),
                        "seed=" + seed + ": " + e);
            }
            restore();
            file.write(ByteBuffer.allocate(1), fileBytes - 1);
        }
        assertTrue(read > 0 && read < ROUNDS, "seed=" + seed + ": read=" + read);
    }

    @Test
    void readsAFileThatIsBeingCut() throws IOException {
        for (long length : new long[] {0, 7, 100, TableLayout.HEADER_BYTES, TableLayout.entry(METHODS) - 1,
                TableLayout.TEXTS_AT + 2, TableLayout.RANGES_AT, fileBytes - 1}) {
            file.truncate(length);
            String message = String.valueOf(assertThrows(TableException.class, reader::read).getMessage());
            assertTrue(message.contains("damaged") || message.contains("not complete"), message);
            copyFrom();
        }
    }
}
