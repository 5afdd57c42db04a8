package io.github.rseq4j.machine.x64;

/** A general-purpose register of AMD64; the ordinal is its number in the encoding. */
enum Gp {
    RAX("eax", "al"), RCX("ecx", "cl"), RDX("edx", "dl"), RBX("ebx", "bl"),
    RSP("esp", "spl"), RBP("ebp", "bpl"), RSI("esi", "sil"), RDI("edi", "dil"),
    R8("r8d", "r8b"), R9("r9d", "r9b"), R10("r10d", "r10b"), R11("r11d", "r11b"),
    R12("r12d", "r12b"), R13("r13d", "r13b"), R14("r14d", "r14b"), R15("r15d", "r15b");

    private final String dword;
    private final String low;

    Gp(String dword, String low) {
        this.dword = dword;
        this.low = low;
    }

    /** Returns the register's name at a size of 1, 4 or 8 bytes. */
    String name(int bytes) {
        return switch (bytes) {
            case 1 -> low;
            case 4 -> dword;
            case 8 -> name().toLowerCase(java.util.Locale.ROOT);
            default -> throw new IllegalArgumentException("bytes=" + bytes + ", must be 1, 4 or 8");
        };
    }

    /** Returns the register's number in DWARF (System V ABI, AMD64 supplement, "DWARF Register Number Mapping"). */
    int dwarf() {
        return switch (this) {
            case RDX -> 1;
            case RCX -> 2;
            case RBX -> 3;
            case RSI -> 4;
            case RDI -> 5;
            case RBP -> 6;
            case RSP -> 7;
            default -> ordinal();
        };
    }

    /** Returns the three low bits of the register's number, which ModRM and SIB hold. */
    int low3() {
        return ordinal() & 7;
    }

    /** Tells whether the fourth bit, which a REX prefix holds, is set. */
    boolean high() {
        return ordinal() >= 8;
    }
}
