package io.github.rseq4j.code;

import io.github.rseq4j.code.Operand.Reg;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Arguments for a chain, and contents for the memory it works on, made up from a seed and from how the steps use their
 * registers: a base gets the address of a block, an index or a length a small number, what is loaded and then followed
 * gets an address. So the author of a section writes no examples for its proofs.
 */
final class Scenario {
    /** How a register is used. */
    private enum Use { CELL, ADDRESS, ELEMENT, LENGTH, DELAY }

    /** The size of a block where no copy needs more. */
    private static final int SMALL_BLOCK_BYTES = 1024;
    private static final int FEW = 4;

    private final Chain chain;
    private final Map<Reg, Set<Use>> argumentUses = new HashMap<>();
    private final Map<Reg, Integer> bounds = new HashMap<>();
    /** Where a word is loaded that is then used as an address, or as a small number. */
    private final List<Step.Load> addressLoads = new ArrayList<>();
    private final List<Step.Load> smallLoads = new ArrayList<>();
    private final int blockBytes;
    private final long perCpuBase;
    private final long plainBase;

    /**
     * Studies a chain.
     *
     * @param chain the chain
     * @param perCpuBase the address, at index 0, of memory with a copy for each index
     * @param plainBase the address of memory without copies
     */
    Scenario(Chain chain, long perCpuBase, long plainBase) {
        this.chain = chain;
        this.perCpuBase = perCpuBase;
        this.plainBase = plainBase;
        int copied = 0;
        for (Section section : chain.sections()) {
            for (int i = 0; i < section.steps().size(); i++) {
                study(section.steps().get(i));
                if (section.steps().get(i) instanceof Step.Load load) {
                    follow(load, section.steps().subList(i + 1, section.steps().size()));
                }
                copied = Math.max(copied, section.steps().get(i) instanceof Step.Copy copy ? copy.maxBytes() : 0);
            }
        }
        this.blockBytes = SMALL_BLOCK_BYTES + (copied + Long.BYTES & -Long.BYTES);
    }

    private void study(Step step) {
        Mem mem = step.memory();
        if (mem != null) {
            use(mem.base(), mem.perCpu() ? Use.CELL : Use.ADDRESS);
            if (mem.index() != null) {
                use(mem.index(), Use.ELEMENT);
            }
        }
        if (step instanceof Step.Copy copy) {
            use(copy.from(), Use.ADDRESS);
            use(copy.lengthBytes(), Use.LENGTH);
            bounds.put(copy.lengthBytes(), copy.maxBytes());
        } else if (step instanceof Step.Delay delay) {
            use(delay.iterations(), Use.DELAY);
        }
    }

    private void use(Reg reg, Use use) {
        if (reg.isArgument()) {
            argumentUses.computeIfAbsent(reg, _ -> EnumSet.noneOf(Use.class)).add(use);
        }
    }

    private void follow(Step.Load load, List<Step> rest) {
        for (Step step : rest) {
            Mem mem = step.memory();
            if (mem != null && mem.base().equals(load.target())) {
                addressLoads.add(load);
                return;
            }
            boolean small = mem != null && load.target().equals(mem.index())
                    || step instanceof Step.Copy copy && copy.lengthBytes().equals(load.target())
                    || step instanceof Step.Delay delay && delay.iterations().equals(load.target());
            if (small) {
                smallLoads.add(load);
                return;
            }
            if (load.target().equals(step.writes()) && !(step instanceof Step.Add)) {
                return;
            }
        }
    }

    /** Returns how many bytes of each copy, and of the plain memory, a chain may touch. */
    int windowBytes() {
        return blockBytes * Math.max(1, chain.arguments());
    }

    /**
     * Makes up arguments.
     *
     * @param random decides
     */
    long[] arguments(SplittableRandom random) {
        long[] arguments = new long[chain.arguments()];
        for (int i = 0; i < arguments.length; i++) {
            Set<Use> uses = argumentUses.getOrDefault(Operand.arg(i), Set.of());
            long block = (long) i * blockBytes;
            if (uses.contains(Use.CELL)) {
                arguments[i] = perCpuBase + block;
            } else if (uses.contains(Use.ADDRESS)) {
                arguments[i] = plainBase + block;
            } else if (uses.contains(Use.LENGTH)) {
                arguments[i] = random.nextInt(Math.min(bounds.getOrDefault(Operand.arg(i), 1), 40) + 1);
            } else if (!uses.isEmpty()) {
                arguments[i] = random.nextInt(FEW);
            } else {
                arguments[i] = random.nextInt(3) == 0 ? random.nextLong() >>> 1 : random.nextInt(FEW);
            }
        }
        return arguments;
    }

    /**
     * Fills one window. Words are small numbers, so that comparisons hold about as often as not; where the chain
     * follows addresses, they are addresses inside the window or 0.
     *
     * @param memory the memory
     * @param base the window's address
     * @param random decides; the same for every copy
     */
    void fill(AddressSpace memory, long base, SplittableRandom random) {
        int words = windowBytes() / Long.BYTES;
        for (int i = 0; i < words; i++) {
            long small = random.nextInt(FEW);
            // An address leaves room behind it for the displacements that steps add to it.
            long address = random.nextInt(FEW) == 0 ? 0 : base + (long) random.nextInt(words / 2) * Long.BYTES;
            memory.putLong(base + (long) i * Long.BYTES, addressLoads.isEmpty() ? small : address);
        }
    }

    /**
     * Writes small numbers where the chain loads an index, a length or a delay.
     *
     * @param memory the memory
     * @param slot the distance of the copy from that of index 0, in bytes
     * @param arguments the arguments
     * @param random decides; the same for every copy
     */
    void fillSmall(AddressSpace memory, long slot, long[] arguments, SplittableRandom random) {
        Set<Long> written = new HashSet<>();
        for (Step.Load load : smallLoads) {
            Mem from = load.from();
            long small = random.nextInt(FEW);
            if (from.base().isArgument() && from.index() == null) {
                long address = arguments[from.base().number()] + from.displacementBytes() + (from.perCpu() ? slot : 0);
                if (written.add(address)) {
                    if (load.width() == Width.INT) {
                        memory.putInt(address, (int) small);
                    } else {
                        memory.putLong(address, small);
                    }
                }
            }
        }
    }
}
