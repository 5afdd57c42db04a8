package io.github.rseq4j.cli.elf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the dynamic symbols of a loaded object from the memory of its process. */
public final class ElfSymbols {
    /* How it works
     *
     * Everything that the dynamic linker needs is mapped: header, program headers, dynamic section, hash table,
     * symbols. So no file is opened; the file may be replaced, deleted, a memfd, or in another mount namespace. A
     * symbol is found by its hash, in a few reads. glibc replaces offsets in the dynamic section by addresses, musl
     * does not. So an address below the load bias is an offset.
     *
     * The memory belongs to another process and may hold anything, so every loop is bounded.
     */
    static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    static final int SYMBOL_BYTES = 24;
    private static final int RELOCATION_BYTES = 24;
    private static final int DYNAMIC_BYTES = 16;
    private static final int MAX_PROGRAM_HEADERS = 128;
    private static final int MAX_DYNAMIC = 512;
    private static final int MAX_CHAIN = 1024;
    private static final int MAX_RELOCATION_BYTES = 64 << 20;
    /** 0x7f, "ELF", 64 bits, little-endian. */
    private static final byte[] MAGIC = {0x7f, 'E', 'L', 'F', 2, 1};
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int PT_TLS = 7;
    private static final long DT_HASH = 4;
    private static final long DT_STRTAB = 5;
    private static final long DT_SYMTAB = 6;
    private static final long DT_RELA = 7;
    private static final long DT_RELASZ = 8;
    private static final long DT_GNU_HASH = 0x6fff_fef5L;

    /** The memory of a process. */
    @FunctionalInterface
    public interface Memory {
        /**
         * Reads bytes.
         *
         * @throws IOException if not all bytes can be read
         */
        byte[] read(long address, int lengthBytes) throws IOException;

        /** Reads bytes as little-endian numbers. */
        default ByteBuffer numbers(long address, int lengthBytes) throws IOException {
            return ByteBuffer.wrap(read(address, lengthBytes)).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /**
     * A defined symbol.
     *
     * @param value its offset in the object, or in the object's thread-local memory
     * @param isThreadLocal whether it is a thread-local variable
     */
    public record Symbol(long value, boolean isThreadLocal) {
        private static final int TYPE_MASK = 15;
        private static final int TYPE_TLS = 6;

        /**
         * Reads an entry of a symbol table.
         *
         * @param table the table
         * @param at the offset of the entry
         * @return the symbol, or null if the object does not define it
         */
        static @Nullable Symbol read(ByteBuffer table, int at) {
            boolean isDefined = table.getShort(at + 6) != 0;
            return isDefined ? new Symbol(table.getLong(at + 8), (table.get(at + 4) & TYPE_MASK) == TYPE_TLS) : null;
        }
    }

    private final Memory memory;
    /** The load bias: the difference between addresses in memory and in the file. */
    private final long bias;
    private final long tlsBytes;
    private final long tlsAlignBytes;
    private final Map<Long, Long> dynamic = new HashMap<>();

    /**
     * Reads an object's headers.
     *
     * @param memory the memory of the process
     * @param start the address of the object's first byte
     * @throws IOException if there is no 64-bit ELF object
     */
    public ElfSymbols(Memory memory, long start) throws IOException {
        this.memory = memory;
        ByteBuffer header = memory.numbers(start, HEADER_BYTES);
        check(header);
        int count = Math.min(Short.toUnsignedInt(header.getShort(56)), MAX_PROGRAM_HEADERS);
        ByteBuffer headers = memory.numbers(start + header.getLong(32), count * PROGRAM_HEADER_BYTES);
        long found = start;
        long dynamicAddress = 0;
        long bytes = 0;
        long align = 1;
        for (int at = 0; at < headers.limit(); at += PROGRAM_HEADER_BYTES) {
            int type = headers.getInt(at);
            long offset = headers.getLong(at + 8);
            long address = headers.getLong(at + 16);
            if (type == PT_LOAD && offset == 0) {
                found = start - address;
            } else if (type == PT_DYNAMIC) {
                dynamicAddress = address;
            } else if (type == PT_TLS) {
                bytes = headers.getLong(at + 40);
                align = Math.max(headers.getLong(at + 48), 1);
            }
        }
        this.bias = found;
        this.tlsBytes = bytes;
        this.tlsAlignBytes = align;
        if (dynamicAddress != 0) {
            readDynamic(dynamicAddress + found);
        }
    }

    /**
     * Checks an ELF header.
     *
     * @throws IOException if it is not the header of a 64-bit object
     */
    static void check(ByteBuffer header) throws IOException {
        if (!header.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            throw new IOException("no 64-bit ELF object");
        }
    }

    private void readDynamic(long address) throws IOException {
        for (int i = 0; i < MAX_DYNAMIC; i++) {
            ByteBuffer entry = memory.numbers(address + (long) i * DYNAMIC_BYTES, DYNAMIC_BYTES);
            if (entry.getLong(0) == 0) {
                return;
            }
            dynamic.putIfAbsent(entry.getLong(0), entry.getLong(8));
        }
    }

    /** Returns the size of the object's thread-local memory, in bytes, rounded up to its alignment. */
    public long tlsRoundedBytes() {
        return (tlsBytes + tlsAlignBytes - 1) / tlsAlignBytes * tlsAlignBytes;
    }

    /** Returns the alignment of the object's thread-local memory, in bytes. */
    public long tlsAlignBytes() {
        return tlsAlignBytes;
    }

    /** Reads the number at a symbol, of 4 or 8 bytes. */
    public long read(Symbol symbol, int lengthBytes) throws IOException {
        ByteBuffer value = memory.numbers(bias + symbol.value(), lengthBytes);
        return lengthBytes == Integer.BYTES ? value.getInt() : value.getLong();
    }

    private long address(long tag) {
        long value = dynamic.getOrDefault(tag, 0L);
        return value == 0 || Long.compareUnsigned(value, bias) >= 0 ? value : value + bias;
    }

    private int word(long address) throws IOException {
        return memory.numbers(address, Integer.BYTES).getInt();
    }

    /**
     * Finds a symbol.
     *
     * @param name its name
     * @return the symbol, or null if the object does not define it
     * @throws IOException if its tables cannot be read
     */
    public @Nullable Symbol find(String name) throws IOException {
        if (dynamic.containsKey(DT_GNU_HASH)) {
            return findByGnuHash(name);
        }
        return dynamic.containsKey(DT_HASH) ? findByHash(name) : null;
    }

    /** nbuckets, symoffset, words of the filter, shift; filter; buckets; hashes, odd at a chain's end. */
    private @Nullable Symbol findByGnuHash(String name) throws IOException {
        int hash = 5381;
        for (byte c : name.getBytes(StandardCharsets.UTF_8)) {
            hash = hash * 33 + c;
        }
        ByteBuffer head = memory.numbers(address(DT_GNU_HASH), 16);
        int buckets = head.getInt(0);
        int first = head.getInt(4);
        if (buckets <= 0) {
            return null;
        }
        long table = address(DT_GNU_HASH) + 16 + Integer.toUnsignedLong(head.getInt(8)) * Long.BYTES;
        int symbol = word(table + 4L * Integer.remainderUnsigned(hash, buckets));
        for (int i = 0; i < MAX_CHAIN && symbol >= first && symbol != 0; i++, symbol++) {
            int chained = word(table + 4L * buckets + 4L * (symbol - first));
            if ((chained | 1) == (hash | 1) && isNamed(symbol, name)) {
                return symbol(symbol);
            }
            if ((chained & 1) != 0) {
                return null;
            }
        }
        return null;
    }

    /** nbucket, nchain; the buckets; the next symbol of each symbol, 0 at a chain's end. */
    private @Nullable Symbol findByHash(String name) throws IOException {
        int hash = 0;
        for (byte c : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash << 4) + c;
            hash = (hash ^ hash >>> 24 & 0xf0) & 0x0fff_ffff;
        }
        long table = address(DT_HASH);
        int buckets = word(table);
        if (buckets <= 0) {
            return null;
        }
        int symbol = word(table + 8 + 4L * Integer.remainderUnsigned(hash, buckets));
        for (int i = 0; i < MAX_CHAIN && symbol > 0; i++) {
            if (isNamed(symbol, name)) {
                return symbol(symbol);
            }
            symbol = word(table + 8 + 4L * buckets + 4L * symbol);
        }
        return null;
    }

    private @Nullable Symbol symbol(int index) throws IOException {
        return Symbol.read(entry(index), 0);
    }

    private ByteBuffer entry(int index) throws IOException {
        return memory.numbers(address(DT_SYMTAB) + (long) index * SYMBOL_BYTES, SYMBOL_BYTES);
    }

    private boolean isNamed(int index, String name) throws IOException {
        byte[] wanted = (name + "\0").getBytes(StandardCharsets.UTF_8);
        long at = address(DT_STRTAB) + Integer.toUnsignedLong(entry(index).getInt(0));
        return Arrays.equals(wanted, memory.read(at, wanted.length));
    }

    /**
     * Finds the distance from the thread pointer to which the dynamic linker bound a thread-local variable.
     *
     * @param name the name of the variable
     * @param own the object's own definition, or null; a hidden one is bound without a name
     * @param relocation the type of the relocation
     * @return the distance, or null if the object has no such relocation of the variable
     * @throws IOException if its tables cannot be read
     */
    public @Nullable Long bound(String name, @Nullable Symbol own, int relocation) throws IOException {
        long size = dynamic.getOrDefault(DT_RELASZ, 0L);
        if (size <= 0 || size > MAX_RELOCATION_BYTES) {
            return null;
        }
        ByteBuffer table = memory.numbers(address(DT_RELA), (int) size);
        for (int at = 0; at + RELOCATION_BYTES <= size; at += RELOCATION_BYTES) {
            long info = table.getLong(at + 8);
            int symbol = (int) (info >>> Integer.SIZE);
            if ((int) info == relocation && (symbol != 0 ? isNamed(symbol, name)
                    : own != null && own.value() == table.getLong(at + 16))) {
                return memory.numbers(bias + table.getLong(at), Long.BYTES).getLong();
            }
        }
        return null;
    }
}
