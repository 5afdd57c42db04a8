package io.github.rseq4j.machine.x64;

import io.github.rseq4j.machine.Assembler;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Lowering;
import io.github.rseq4j.machine.Routines;
import io.github.rseq4j.machine.Target;

/** The lowering to AMD64. */
public final class Encoders implements Lowering {
    /** The return address's column in tables of frames. */
    private static final int RETURN_ADDRESS = 16;

    /** Makes the lowering. */
    public Encoders() {}

    @Override
    public Assembler assembler(Target target, Frame frame, CodeBuffer buffer) {
        return new X64Assembler(target, frame, buffer);
    }

    @Override
    public Routines routines(CodeBuffer buffer) {
        return new X64Routines(buffer);
    }

    @Override
    public boolean mustSynchroniseCode() {
        return false;
    }

    @Override
    public Elf elf() {
        // EM_X86_64; System V ABI, AMD64 supplement, "Relocation Types" and "Page Size".
        return new Elf(62, 0x1000, 8, 6, 18, new Dwarf(1, Gp.RSP.dwarf(), RETURN_ADDRESS, Long.BYTES));
    }

    @Override
    public byte[] breakpoint() {
        return new byte[] {(byte) 0xCC};
    }

    @Override
    public String directives() {
        return ".intel_syntax noprefix";
    }

    @Override
    public String comment() {
        return "#";
    }
}
