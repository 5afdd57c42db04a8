package io.github.rseq4j.machine.aarch64;

import io.github.rseq4j.machine.Assembler;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Lowering;
import io.github.rseq4j.machine.Routines;
import io.github.rseq4j.machine.Target;

/** The lowering to A64. */
public final class Encoders implements Lowering {
    /** Makes the lowering. */
    public Encoders() {}

    @Override
    public Assembler assembler(Target target, Frame frame, CodeBuffer buffer) {
        return new A64Assembler(target, frame, buffer);
    }

    @Override
    public Routines routines(CodeBuffer buffer) {
        return new A64Routines(buffer);
    }

    @Override
    public boolean mustSynchroniseCode() {
        return true;
    }

    @Override
    public Elf elf() {
        // EM_AARCH64; ELF for the Arm 64-bit Architecture, "Dynamic relocations"; pages of up to 64 KiB.
        return new Elf(183, 0x1_0000, 1027, 1025, 1030,
                new Dwarf(Integer.BYTES, Gp.SP.number(), Gp.LINK.number(), 0));
    }

    @Override
    public byte[] breakpoint() {
        // brk #0
        return new byte[] {0, 0, 0x20, (byte) 0xD4};
    }

    @Override
    public String directives() {
        return ".arch armv8-a";
    }

    @Override
    public String comment() {
        return "//";
    }
}
