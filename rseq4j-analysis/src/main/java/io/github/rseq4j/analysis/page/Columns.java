package io.github.rseq4j.analysis.page;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** Columns of numbers in a compact form, which the script of a page reads. */
final class Columns {
    /* How it works
     *
     * A number is a variable-length integer in zigzag order: seven bits a byte, the least significant first. Columns of
     * ascending numbers hold differences. Columns of doubles hold eight bytes each, little endian. All columns follow
     * one another, compressed by gzip, as text in base 64.
     */
    private static final int BUFFER = 1 << 16;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final GZIPOutputStream out;
    private final List<Map<String, Object>> index = new ArrayList<>();
    private final byte[] buffer = new byte[BUFFER];
    private int used;

    Columns() throws IOException {
        out = new GZIPOutputStream(bytes, BUFFER) {
            {
                def.setLevel(Deflater.BEST_SPEED + 3);
            }
        };
    }

    /** Adds a column of integers. */
    void integers(String name, int count, IntToLongFunction values) throws IOException {
        index.add(Map.of("name", name, "count", count, "type", "integers"));
        for (int i = 0; i < count; i++) {
            put(values.applyAsLong(i));
        }
    }

    /** Adds a column of integers that are near their predecessors. */
    void ascending(String name, int count, IntToLongFunction values) throws IOException {
        index.add(Map.of("name", name, "count", count, "type", "differences"));
        long before = 0;
        for (int i = 0; i < count; i++) {
            long value = values.applyAsLong(i);
            put(value - before);
            before = value;
        }
    }

    /** Adds a column of doubles. */
    void doubles(String name, int count, IntToDoubleFunction values) throws IOException {
        index.add(Map.of("name", name, "count", count, "type", "doubles"));
        for (int i = 0; i < count; i++) {
            long bits = Double.doubleToRawLongBits(values.applyAsDouble(i));
            room(Long.BYTES);
            for (int b = 0; b < Long.BYTES; b++) {
                buffer[used++] = (byte) (bits >>> b * Byte.SIZE);
            }
        }
    }

    /** Adds bytes as they are. */
    void raw(byte[] more) throws IOException {
        room(BUFFER);
        out.write(more);
    }

    private void put(long value) throws IOException {
        room(10);
        long rest = value << 1 ^ value >> Long.SIZE - 1;
        while ((rest & ~0x7FL) != 0) {
            buffer[used++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        buffer[used++] = (byte) rest;
    }

    private void room(int need) throws IOException {
        if (used + need > BUFFER) {
            out.write(buffer, 0, used);
            used = 0;
        }
    }

    /** Returns the names, lengths and types of the columns. */
    List<Map<String, Object>> index() {
        return index;
    }

    /** Returns the text; nothing can be added afterwards. */
    byte[] text() throws IOException {
        out.write(buffer, 0, used);
        used = 0;
        out.close();
        return Base64.getEncoder().encode(bytes.toByteArray());
    }
}
