package io.github.rseq4j.proof;

import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.proof.Uses.Kind;
import io.github.rseq4j.proof.Uses.Place;
import io.github.rseq4j.proof.Uses.Shape;
import io.github.rseq4j.proof.Uses.Use;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Arguments for a chain and contents for its memory, made up from a seed and from the use of the values. A base is the
 * address of a block, an index or a length is a small number, and a loaded word that is used as an address is the
 * address of an object. So the author of a section writes no examples for its proofs.
 */
public final class Scenario {
    /* How it works
     *
     *   window:   | block of argument 0 | block of argument 1 | ... | objects of shape 0 | objects of shape 1 | ...
     *
     * There is a window for each index, and one for memory without copies. Uses finds the uses of arguments and words.
     * A value that is compared with a constant is as often that constant, or a neighbour of it, as a small number. An
     * address is null only if a step compares it with null.
     *
     * On request two places overlap in some of the scenarios: an argument or a word is the other place's address, or
     * the number of an element leads to another word of the block. Such a scenario may use words of another kind, and
     * lead out of the windows.
     */
    private final Chain chain;
    private final Uses uses;
    private final long perCpuBase;
    private final long plainBase;
    private final List<Overlap> overlaps = new ArrayList<>();
    /** Places overlap in one of this many scenarios. */
    private int oneIn;
    /** The distance from index 0's copy to the copy that places without a slot overlap. */
    private long slotBytes;
    private long[] made = {};
    /** The overlap in the scenario whose arguments were made last, or null. */
    private @Nullable Overlap overlap;

    /**
     * A way in which a place overlaps another one: by its address, or by the number of an element.
     *
     * @param place the place that is moved
     * @param other the place that it is moved to
     * @param byNumber whether it overlaps by its number
     */
    private record Overlap(Place place, Place other, boolean byNumber) {
        /** Tells whether a place without a slot gets an address in one index's copy. */
        boolean reachesCopy() {
            return !byNumber && isCell(other) && !isCell(place);
        }

        Kind kind() {
            Kind index = place.index();
            return byNumber && index != null ? index.root() : place.base().root();
        }
    }

    /**
     * Studies a chain.
     *
     * @param chain the chain
     * @param perCpuBase the address, at index 0, of memory with a copy for each index
     * @param plainBase the address of memory without copies
     */
    public Scenario(Chain chain, long perCpuBase, long plainBase) {
        this.chain = chain;
        this.perCpuBase = perCpuBase;
        this.plainBase = plainBase;
        this.uses = new Uses(chain);
    }

    /**
     * Lets two places overlap, unless an assumption excludes it, and returns this.
     *
     * @param scenarios places overlap in one of this many scenarios
     * @param slot the distance from index 0's copy to the copy that places without a slot overlap
     */
    Scenario overlapping(int scenarios, long slot) {
        oneIn = scenarios;
        slotBytes = slot;
        Set<Shape> apart = new HashSet<>();
        for (Section section : chain.sections()) {
            for (Assumption assumption : section.assumptions()) {
                if (assumption.kind() != Assumption.Kind.APART || !(assumption.subject() instanceof Reg argument)) {
                    // The promise may hold only for the word's original content.
                    return this;
                }
                uses.places().stream().filter(place -> place.isMadeOf(uses.argument(argument.number())))
                        .forEach(place -> apart.add(shape(place)));
            }
        }
        List<Place> places = uses.places().stream().filter(place -> !apart.contains(shape(place))).toList();
        for (Place place : places) {
            places.forEach(other -> addOverlap(place, other));
        }
        return this;
    }

    private static Shape shape(Place place) {
        return Objects.requireNonNull(place.base().root().shape).root();
    }

    private static boolean isCell(Place place) {
        return place.base().root().uses.contains(Use.CELL);
    }

    private void addOverlap(Place place, Place other) {
        boolean areArguments = place.mem().base().isArgument() && other.mem().base().isArgument();
        boolean isSameBase = place.base().root() == other.base().root()
                && (!areArguments || place.mem().base().equals(other.mem().base()));
        int distance = other.mem().displacementBytes() - place.mem().displacementBytes();
        if (!isSameBase && (isCell(other) || !isCell(place))) {
            overlaps.add(new Overlap(place, other, false));
        }
        Kind index = place.index();
        // A result is not negative.
        if (index != null && isSameBase && other.index() == null && distance % place.mem().scale() == 0
                && (distance >= 0 || !index.root().isResult)) {
            overlaps.add(new Overlap(place, other, true));
        }
    }

    /** Returns the number of ways in which places may overlap. */
    int overlaps() {
        return overlaps.size();
    }

    /** Tells whether places overlap in the scenario whose arguments were made last. */
    boolean isOverlapping() {
        return overlap != null;
    }

    /**
     * Tells whether a place without a slot reaches one index's copy in the scenario whose arguments were made last. A
     * section that runs at another index, or moves, must not do that (I9).
     */
    boolean reachesCopy() {
        Overlap pair = overlap;
        return pair != null && pair.reachesCopy();
    }

    /** Returns the number or the address by which a place is another place, or one of its neighbours. */
    private long overlapping(Overlap pair, SplittableRandom random) {
        Mem mem = pair.place.mem();
        int distance = pair.other.mem().displacementBytes() - mem.displacementBytes();
        if (pair.byNumber) {
            return distance / mem.scale();
        }
        Kind base = pair.other.base().root();
        int argument = argument(pair.other.mem().base(), base);
        boolean isSame = !pair.place.isRange() && !pair.other.isRange() && random.nextBoolean();
        long next = isSame ? 0 : Long.BYTES * random.nextLong(-1, 2);
        return (argument < 0 ? address(base, argument, random) : made[argument]) + next + (distance & -Long.BYTES)
                + (pair.reachesCopy() ? slotBytes : 0);
    }

    /** Returns the number of the argument that a register is, or whose kind it has; or -1. */
    private int argument(@Nullable Reg reg, Kind kind) {
        if (reg != null && reg.isArgument()) {
            return reg.number();
        }
        for (int i = 0; i < chain.arguments(); i++) {
            if (uses.argument(i) == kind) {
                return i;
            }
        }
        return -1;
    }

    /** Returns the number of bytes of each window, which a chain may access. */
    public int windowBytes() {
        return uses.windowBytes();
    }

    /**
     * Makes up arguments.
     *
     * @param random the source of the arguments
     */
    public long[] arguments(SplittableRandom random) {
        made = new long[chain.arguments()];
        overlap = null;
        for (int i = 0; i < made.length; i++) {
            Kind kind = uses.argument(i);
            if (!kind.uses.isEmpty()) {
                made[i] = typed(kind, i, random);
            } else {
                made[i] = random.nextInt(3) == 0 ? random.nextLong() >>> 1 : plain(kind, random);
            }
        }
        if (!overlaps.isEmpty() && random.nextInt(oneIn) == 0) {
            Overlap pair = overlaps.get(random.nextInt(overlaps.size()));
            Mem mem = pair.place.mem();
            int argument = argument(pair.byNumber ? mem.index() : mem.base(), pair.kind());
            if (argument >= 0) {
                made[argument] = overlapping(pair, random);
            }
            overlap = pair;
        }
        return made.clone();
    }

    /** Makes up a value that is not used as an address or a number. */
    private static long plain(Kind kind, SplittableRandom random) {
        if (kind.constants.isEmpty() || random.nextBoolean()) {
            return random.nextInt(Uses.FEW);
        }
        long near = kind.constants.get(random.nextInt(kind.constants.size())) + random.nextInt(-1, 2);
        // A result must not be negative, even after an addition.
        return kind.isResult && near >>> Long.SIZE - 2 != 0 ? random.nextInt(Uses.FEW) : near;
    }

    /** Makes up a value of a kind. An argument that is used as an address leads to its own block. */
    private long typed(Kind kind, int argument, SplittableRandom random) {
        Use use = Collections.min(kind.uses);
        Overlap pair = overlap;
        if (pair != null && pair.kind() == kind && random.nextBoolean()) {
            return overlapping(pair, random);
        }
        return switch (use) {
            case CELL, ADDRESS -> {
                boolean isNull = kind.isNullable && argument < 0 && random.nextInt(Uses.FEW) == 0;
                yield isNull ? 0 : address(kind, argument, random);
            }
            case OFFSET -> (long) random.nextInt(Uses.FEW) * Long.BYTES;
            case ELEMENT, DELAY -> random.nextInt(Uses.FEW);
            case LENGTH -> random.nextInt(kind.bound + 1);
            case BYTES -> random.nextInt(Uses.MAX_LENGTH);
            // Sums of these are exact, so they do not depend on the order of the additions.
            case DOUBLE -> Double.doubleToRawLongBits(random.nextInt(Uses.FEW) / 2.0);
        };
    }

    private long address(Kind kind, int argument, SplittableRandom random) {
        List<Integer> blocks = kind.shape == null ? List.of(0) : kind.shape.root().blocks;
        int block = blocks.contains(argument) ? argument : blocks.get(random.nextInt(blocks.size()));
        return (kind.uses.contains(Use.CELL) ? perCpuBase : plainBase) + uses.offset(block);
    }

    /**
     * Fills one window. Words without a known use are small numbers, so that comparisons hold about half of the time.
     *
     * @param memory the memory
     * @param base the window's address
     * @param random the source of the contents; the same for every copy
     */
    public void fill(AddressSpace memory, long base, SplittableRandom random) {
        int words = windowBytes() / Long.BYTES;
        for (int i = 0; i < words; i++) {
            memory.putLong(base + (long) i * Long.BYTES, random.nextInt(Uses.FEW));
        }
        for (Shape shape : uses.shapes()) {
            for (int block : shape.blocks) {
                for (Map.Entry<Integer, Kind> word : shape.words.entrySet()) {
                    Kind kind = word.getValue().root();
                    if (!kind.uses.isEmpty() || !kind.constants.isEmpty()) {
                        long address = base + uses.offset(block) + word.getKey();
                        long value = kind.uses.isEmpty() ? plain(kind, random) : typed(kind, -1, random);
                        if (shape.ints.contains(word.getKey())) {
                            memory.putInt(address, (int) value);
                        } else {
                            memory.putLong(address, value);
                        }
                    }
                }
            }
        }
    }
}
