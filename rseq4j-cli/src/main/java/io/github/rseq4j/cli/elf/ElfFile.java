package io.github.rseq4j.cli.elf;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Reads the symbol table of a file that is not stripped, which also has symbols that are not exported. */
public final class ElfFile {
    private static final int SECTION_BYTES = 64;
    private static final int SHT_SYMTAB = 2;
    /** The largest table that is read. The symbols of a large browser take less. */
    private static final long MAX_TABLE_BYTES = 256 << 20;
    private static final int HEAP_SHARE = 8;

    private ElfFile() {}

    /**
     * Finds symbols.
     *
     * @param file the file
     * @param names the names to find
     * @return the defined symbols, by name
     * @throws IOException if the file cannot be read or is not a 64-bit ELF file
     */
    public static Map<String, ElfSymbols.Symbol> find(Path file, Set<String> names) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer header = read(channel, 0, ElfSymbols.HEADER_BYTES);
            ElfSymbols.check(header);
            int count = Short.toUnsignedInt(header.getShort(60));
            ByteBuffer sections = read(channel, header.getLong(40), (long) count * SECTION_BYTES);
            for (int at = 0; at < sections.limit(); at += SECTION_BYTES) {
                int strings = sections.getInt(at + 40) * SECTION_BYTES;
                if (sections.getInt(at + 4) == SHT_SYMTAB && strings >= 0 && strings < sections.limit()) {
                    return find(section(channel, sections, at), section(channel, sections, strings), names);
                }
            }
        }
        return Map.of();
    }

    private static Map<String, ElfSymbols.Symbol> find(ByteBuffer table, ByteBuffer strings, Set<String> names) {
        Map<Integer, String> wanted = new HashMap<>();
        for (String name : names) {
            for (int place : places(strings, name)) {
                wanted.put(place, name);
            }
        }
        Map<String, ElfSymbols.Symbol> found = new HashMap<>();
        for (int at = 0; at + ElfSymbols.SYMBOL_BYTES <= table.limit(); at += ElfSymbols.SYMBOL_BYTES) {
            String name = wanted.get(table.getInt(at));
            ElfSymbols.Symbol symbol = name == null ? null : ElfSymbols.Symbol.read(table, at);
            if (name != null && symbol != null) {
                found.putIfAbsent(name, symbol);
            }
        }
        return found;
    }

    /** Returns the offsets of a name, also as the end of a longer name, because linkers share suffixes. */
    private static Set<Integer> places(ByteBuffer strings, String name) {
        byte[] wanted = (name + "\0").getBytes(StandardCharsets.UTF_8);
        Set<Integer> places = new HashSet<>();
        for (int at = 0; at + wanted.length <= strings.limit(); at++) {
            int same = 0;
            while (same < wanted.length && strings.get(at + same) == wanted[same]) {
                same++;
            }
            if (same == wanted.length) {
                places.add(at);
            }
        }
        return places;
    }

    private static ByteBuffer section(FileChannel channel, ByteBuffer sections, int at) throws IOException {
        return read(channel, sections.getLong(at + 24), sections.getLong(at + 32));
    }

    private static ByteBuffer read(FileChannel channel, long offset, long lengthBytes) throws IOException {
        long limit = Math.min(MAX_TABLE_BYTES, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
        if (offset < 0 || lengthBytes < 0 || lengthBytes > limit || offset > channel.size() - lengthBytes) {
            throw new IOException("offset=" + offset + ", lengthBytes=" + lengthBytes + " is not a table");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) lengthBytes).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0) {
                throw new EOFException("offset=" + offset + ", lengthBytes=" + lengthBytes + " is after the end");
            }
        }
        return bytes.flip();
    }
}
