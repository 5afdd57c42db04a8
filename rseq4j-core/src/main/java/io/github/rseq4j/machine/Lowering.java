package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.kernel.Architecture;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One architecture, as a value: it makes the assemblers. All of them work on every host, which only runs its own.
 */
public interface Lowering {
    /**
     * Makes an assembler for one function.
     *
     * @param target what the function is emitted for
     * @param frame what the function needs
     * @param buffer where the instructions go
     */
    Assembler assembler(Target target, Frame frame, CodeBuffer buffer);

    /**
     * Makes a writer of routines.
     *
     * @param buffer where the instructions go
     */
    Routines routines(CodeBuffer buffer);

    /** Tells whether code that was written must be made visible to instruction fetch before it runs. */
    boolean mustSynchroniseCode();

    /** Returns what the architecture's ELF files are made of. */
    Elf elf();

    /**
     * The numbers of an architecture's ELF files, by their names in its supplement of the System V ABI.
     *
     * @param machine e_machine
     * @param pageBytes the largest size that a page may have
     * @param relative the relocation "load address + addend", R_..._RELATIVE
     * @param globalData the relocation "address of the symbol", R_..._GLOB_DAT
     * @param threadOffset the relocation "distance from the thread pointer", R_..._TPOFF64 or TPREL64
     * @param frames what the tables of its frames are made of
     */
    record Elf(int machine, int pageBytes, int relative, int globalData, int threadOffset, Dwarf frames) {}

    /**
     * The numbers of an architecture's tables of frames, by its supplement of DWARF.
     *
     * @param instructionBytes what every instruction's size is a multiple of
     * @param stackPointer the stack pointer
     * @param returnAddress the register, real or not, that the return address is in
     * @param calledBytes what a call pushes: the return address, or 0 where that stays in its register
     */
    record Dwarf(int instructionBytes, int stackPointer, int returnAddress, int calledBytes) {
        /** Returns what a call saves: the register, and how far below the caller's frame. */
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
     * What a function needs of the register file.
     *
     * @param arguments how many arguments it has
     * @param temporaries how many temporaries its sections use at most
     * @param scratches how many registers, besides, the widest step needs: 2, or 4 with a copy
     * @param readsTime whether a section reads the time stamp counter
     */
    record Frame(int arguments, int temporaries, int scratches, boolean readsTime) {
        /**
         * Makes the frame of a routine.
         *
         * @param arguments how many arguments it has
         */
        static Frame ofRoutine(int arguments) {
            return new Frame(arguments, 0, 2, false);
        }

        /**
         * Returns what a chain needs.
         *
         * @param chain the chain
         */
        static Frame of(Chain chain) {
            int temporaries = 0;
            int scratches = 2;
            boolean readsTime = false;
            for (Section section : chain.sections()) {
                for (Step step : section.steps()) {
                    Operand.Reg target = step.writes();
                    if (target != null) {
                        temporaries = Math.max(temporaries, target.number() + 1);
                    }
                    scratches = Math.max(scratches, step.scratches());
                    readsTime |= step.readsTime();
                }
            }
            return new Frame(chain.arguments(), temporaries, scratches, readsTime);
        }
    }

    /**
     * Returns the lowering of an architecture. Its package is found by the architecture's spelling, so that nothing but
     * that package knows its name.
     *
     * @param architecture the architecture
     * @throws UnsupportedOperationException when there is no encoder for it
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
