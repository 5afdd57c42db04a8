package io.github.rseq4j.elf;

import java.nio.ByteBuffer;

/**
 * A section of an ELF file; its address is its offset.
 *
 * @param name its name
 * @param type sh_type
 * @param flags sh_flags
 * @param offset its offset in the file
 * @param size its size in bytes
 * @param align its alignment
 * @param entry the size of one of its entries, or 0
 */
record ElfSection(String name, int type, int flags, int offset, int size, int align, int entry) {
    static final int PROGBITS = 1;
    static final int SYMTAB = 2;
    static final int STRTAB = 3;
    static final int RELA = 4;
    static final int HASH = 5;
    static final int DYNAMIC = 6;
    static final int DYNSYM = 11;
    static final int INIT_ARRAY = 14;
    static final int VERDEF = 0x6FFF_FFFD;
    static final int VERSYM = 0x6FFF_FFFF;

    static final int WRITE = 1;
    static final int ALLOC = 2;
    static final int EXECUTE = 4;
    static final int TLS = 0x400;

    int end() {
        return offset + size;
    }

    void put(ByteBuffer image, int nameOffset, int link, int info) {
        long address = (flags & ALLOC) != 0 ? offset : 0;
        image.putInt(nameOffset).putInt(type).putLong(flags).putLong(address).putLong(offset).putLong(size)
                .putInt(link).putInt(info).putLong(align).putLong(entry);
    }
}
