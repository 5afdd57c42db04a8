package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.kernel.Architecture;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An architecture as a value, which creates assemblers. Every lowering works on every host; a host runs only the code
 * of its own architecture.
 */
public interface Lowering {
    /**
     * Creates an assembler for a function.
     *
     * @param target the target
     * @param frame the registers that the function needs
     * @param buffer receives the instructions
     */
    Assembler assembler(Target target, Frame frame, CodeBuffer buffer);

    /**
     * Creates a writer of routines.
     *
     * @param buffer receives the instructions
     */
    Routines routines(CodeBuffer buffer);

    /** Tells whether written code must be made visible to instruction fetch before it runs. */
    boolean mustSynchroniseCode();

    /** Returns the numbers of the architecture's ELF files. */
    Elf elf();

    /**
     * The numbers of an architecture's ELF files, from its supplement of the System V ABI.
     *
     * @param machine e_machine
     * @param pageBytes the largest size of a page
     * @param relative the relocation "load address + addend", R_..._RELATIVE
     * @param globalData the relocation "address of the symbol", R_..._GLOB_DAT
     * @param threadOffset the relocation "distance from the thread pointer", R_..._TPOFF64 or TPREL64
     * @param frames the numbers of its tables of frames
     */
    record Elf(int machine, int pageBytes, int relative, int globalData, int threadOffset, Dwarf frames) {}

    /**
     * The numbers of an architecture's tables of frames, from its supplement of DWARF.
     *
     * @param instructionBytes the code alignment: the size of every instruction is a multiple of it
     * @param stackPointer the number of the stack pointer
     * @param returnAddress the number of the return address, which may be a virtual register
     * @param calledBytes the bytes that a call pushes: the return address, or 0 if it stays in a register
     */
    record Dwarf(int instructionBytes, int stackPointer, int returnAddress, int calledBytes) {
        /** Returns the register that a call saves, with its distance below the caller's frame. */
        public SortedMap<Integer, Integer> calledSaves() {
            SortedMap<Integer, Integer> saves = new TreeMap<>();
            if (calledBytes > 0) {
                saves.put(returnAddress, calledBytes);
            }
            return saves;
        }
    }

    /** Returns the instruction that raises SIGTRAP. */
    byte[] breakpoint();

    /** Returns the line that makes GNU as read the listing's assembly. */
    String directives();

    /** Returns what starts a comment in GNU as's assembly. */
    String comment();

    /**
     * The registers that a function needs.
     *
     * @param arguments the number of its arguments
     * @param temporaries the most temporaries of a section
     * @param scratches the number of scratch registers: 2, or 4 with a copy
     * @param readsTime whether a section reads the time stamp counter
     * @param shifts whether a section shifts by a number in a register
     */
    record Frame(int arguments, int temporaries, int scratches, boolean readsTime, boolean shifts) {
        /**
         * Returns the registers of a routine.
         *
         * @param arguments the number of its arguments
         */
        static Frame ofRoutine(int arguments) {
            return new Frame(arguments, 0, 2, false, false);
        }

        /**
         * Returns the registers that a chain needs.
         *
         * @param chain the chain
         */
        static Frame of(Chain chain) {
            int temporaries = 0;
            int scratches = 2;
            boolean readsTime = false;
            boolean shifts = false;
            for (Section section : chain.sections()) {
                for (Step step : section.steps()) {
                    Operand.Reg target = step.writes();
                    if (target != null) {
                        temporaries = Math.max(temporaries, target.number() + 1);
                    }
                    scratches = Math.max(scratches, step.scratches());
                    readsTime |= step.readsTime();
                    shifts |= step instanceof Bucket;
                }
            }
            return new Frame(chain.arguments(), temporaries, scratches, readsTime, shifts);
        }
    }

    /**
     * Returns the lowering of an architecture. Its package is found by the architecture's spelling, so that no other
     * package has to know the name.
     *
     * @param architecture the architecture
     * @throws UnsupportedOperationException if there is no encoder for it
     */
    static Lowering of(Architecture architecture) {
        String name = Lowering.class.getPackageName() + "." + architecture.spelling() + ".Encoders";
        try {
            return Class.forName(name).asSubclass(Lowering.class).getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new UnsupportedOperationException("architecture=" + architecture.spelling() + ": no encoder yet", e);
        }
    }
}
