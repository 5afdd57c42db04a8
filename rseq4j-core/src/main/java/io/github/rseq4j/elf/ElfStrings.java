package io.github.rseq4j.elf;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** A string table of an ELF file. */
public final class ElfStrings {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Map<String, Integer> offsets = new HashMap<>();

    ElfStrings() {
        add("");
    }

    void add(String text) {
        if (offsets.putIfAbsent(text, bytes.size()) == null) {
            bytes.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
            bytes.write(0);
        }
    }

    int offset(String text) {
        Integer offset = offsets.get(text);
        if (offset == null) {
            throw new IllegalStateException("text=" + text + " is not in the string table");
        }
        return offset;
    }

    int sizeBytes() {
        return bytes.size();
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    /** The System V hash of a symbol's or a version's name. */
    public static int hash(String name) {
        int hash = 0;
        for (byte each : name.getBytes(StandardCharsets.US_ASCII)) {
            hash = (hash << 4) + Byte.toUnsignedInt(each);
            int high = hash & 0xF000_0000;
            hash = (hash ^ high >>> 24) & ~high;
        }
        return hash;
    }
}
