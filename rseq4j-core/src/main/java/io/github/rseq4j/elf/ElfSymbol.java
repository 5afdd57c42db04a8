package io.github.rseq4j.elf;

import io.github.rseq4j.machine.Label;
import org.jspecify.annotations.Nullable;

/**
 * A symbol of an ELF file.
 *
 * @param name its name
 * @param bind local, global or weak
 * @param type the kind of object that it names
 * @param sizeBytes its size, unless it is a function
 * @param section the section that defines it, or empty
 * @param label its place, or null: undefined, or a thread-local variable
 * @param version its version, or empty
 */
record ElfSymbol(String name, int bind, int type, int sizeBytes, String section, @Nullable Label label,
                 String version) {
    static final int LOCAL = 0;
    static final int GLOBAL = 1;
    static final int WEAK = 2;

    static final int NOTYPE = 0;
    static final int OBJECT = 1;
    static final int FUNCTION = 2;
    static final int TLS = 6;

    ElfSymbol(String name, int bind, int type, int sizeBytes, String section, @Nullable Label label) {
        this(name, bind, type, sizeBytes, section, label, "");
    }

    ElfSymbol version(String other) {
        return new ElfSymbol(name, bind, type, sizeBytes, section, label, other);
    }

    boolean isDefined() {
        return !section.isEmpty();
    }
}
