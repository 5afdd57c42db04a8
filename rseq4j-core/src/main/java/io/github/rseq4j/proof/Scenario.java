package io.github.rseq4j.proof;

import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Imm;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Arguments for a chain, and contents for the memory it works on, made up from a seed and from how the steps use what
 * they read: a base gets the address of a block, an index or a length a small number, a word that is loaded and then
 * followed gets the address of an object. So the author of a section writes no examples for its proofs.
 */
public final class Scenario {
    /* How it works: | block of argument 0 | block of argument 1 | ... | objects of shape 0 | objects of shape 1 | ...
     * Every window looks like this: one for each index, and one without copies. The steps are followed once, and what a
     * register holds is traced to the argument or the word that it came from. How it is then used says what kind of
     * thing that is: a kind, and for addresses the shape of what they lead to, which is the block of an argument or a
     * few objects of their own. Words that are stored to each other, or compared, are of one kind, also where something
     * was added to one of them. What is compared with a constant is that constant, or a neighbour of it, as often as it
     * is a small number.
     * Addresses are null now and then only where a step looks for that.
     * Where it is asked for, and no section assumes otherwise, places overlap now and then: an argument gets another
     * one's address, or an element another's number. The words of such a scenario may be of a wrong kind and lead out.
     */
    /** How a value is used; the first of several wins. */
    private enum Use { CELL, ADDRESS, OFFSET, ELEMENT, DELAY, LENGTH, BYTES }
    /** The size of a block where no copy needs more. */
    private static final int SMALL_BLOCK_BYTES = 1024;
    /** Room ahead of what an address leads to, for small negative displacements and indices. */
    private static final int SMALL_MARGIN_BYTES = 128;
    private static final int FEW = 4;
    private static final int MAX_LENGTH = 40;
    private static final int OBJECTS = 3;

    private final Chain chain;
    private final List<Kind> arguments = new ArrayList<>();
    private final List<Shape> shapes = new ArrayList<>();
    private final List<Kind[]> equals = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    /** Places by an argument, and places of elements. */
    private final List<Mem> mems = new ArrayList<>();
    private final Map<Mem, Kind> elements = new LinkedHashMap<>();
    private boolean mayOverlap;
    private boolean overlaps;
    private final int marginBytes;
    private final int blockBytes;
    private final long perCpuBase;
    private final long plainBase;
    private int blocks;

    /** What a word or an argument holds. Kinds that turn out to be one are joined. */
    private static final class Kind {
        private final Set<Use> uses = EnumSet.noneOf(Use.class);
        private final List<Long> constants = new ArrayList<>();
        private boolean isNullable;
        /** Whether words are read or written where it leads to. */
        private boolean leadsToWords;
        private boolean isResult;
        private int bound = MAX_LENGTH;
        /** The numbers by which an element is another word of the block. */
        private final Set<Long> meeting = new TreeSet<>();
        private @Nullable Shape shape;
        private @Nullable Kind same;

        Kind root() {
            Kind next = same;
            return next == null ? this : next.root();
        }

        boolean isAddress() {
            return uses.contains(Use.CELL) || uses.contains(Use.ADDRESS);
        }

        boolean leadsTo() {
            return isAddress() || uses.contains(Use.OFFSET) || uses.contains(Use.ELEMENT);
        }
    }

    /** What an address leads to: kinds of words by their displacement, at one or several places of each window. */
    private static final class Shape {
        private final Map<Integer, Kind> words = new TreeMap<>();
        private final Set<Integer> ints = new TreeSet<>();
        private final List<Integer> blocks = new ArrayList<>();
        private @Nullable Shape same;

        Shape root() {
            Shape next = same;
            return next == null ? this : next.root();
        }
    }

    /** A place whose address is taken, with the index that it has. */
    private record Place(Kind pointer, Value index) {}

    /**
     * What a register holds: a value of the first kind, and of what was added to it.
     *
     * @param parts the kinds
     * @param constant the constants that were added
     */
    private record Value(List<Kind> parts, long constant) {
        static Value of(Kind kind) {
            return new Value(List.of(kind), 0);
        }

        Value plus(Value other) {
            List<Kind> both = new ArrayList<>(parts);
            both.addAll(other.parts);
            return new Value(both, constant + other.constant);
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
        for (int i = 0; i < chain.arguments(); i++) {
            Kind kind = new Kind();
            kind.shape = shape(1);
            arguments.add(kind);
        }
        int copied = 0;
        int last = 0;
        int first = 0;
        for (Section section : chain.sections()) {
            Value[] temporaries = new Value[Section.MAX_TEMPORARIES];
            for (Step step : section.steps()) {
                study(step, temporaries);
                copied = Math.max(copied, step instanceof Step.Copy ? MAX_LENGTH : 0);
                Mem mem = step.memory();
                last = Math.max(last, mem == null ? 0 : mem.displacementBytes());
                first = Math.min(first, mem == null ? 0 : mem.displacementBytes());
            }
            Reg result = section.result();
            if (result != null) {
                value(result, temporaries).parts.forEach(kind -> kind.root().isResult = true);
            }
        }
        for (Place place : places) {
            if (place.pointer.root().leadsToWords) {
                use(place.index, Use.OFFSET, Use.OFFSET);
            }
        }
        joinEquals();
        this.marginBytes = SMALL_MARGIN_BYTES + (-first & -Long.BYTES);
        this.blockBytes = marginBytes + SMALL_BLOCK_BYTES + (last & -Long.BYTES) + copied;
    }

    /** Lets places overlap in some of the scenarios, and returns this. */
    Scenario overlapping() {
        mayOverlap = chain.sections().stream().allMatch(section -> section.assumptions().isEmpty());
        for (Map.Entry<Mem, Kind> element : mayOverlap ? elements.entrySet() : Set.<Map.Entry<Mem, Kind>>of()) {
            Mem array = element.getKey();
            for (Mem mem : mems) {
                int distance = mem.displacementBytes() - array.displacementBytes();
                if (mem.index() == null && mem.base().equals(array.base()) && distance % array.scale() == 0) {
                    element.getValue().root().meeting.add((long) distance / array.scale());
                }
            }
        }
        return this;
    }

    boolean overlaps() {
        return overlaps;
    }

    /** Gives an argument another one's address, so that a place of either is the same word, or the next one. */
    private void overlap(long[] values, SplittableRandom random) {
        List<Mem[]> pairs = new ArrayList<>();
        for (Mem one : mems) {
            mems.stream().filter(other -> !one.base().equals(other.base()) && (isCell(other) || !isCell(one)))
                    .forEach(other -> pairs.add(new Mem[] {one, other}));
        }
        if (!pairs.isEmpty()) {
            overlaps = true;
            Mem[] pair = pairs.get(random.nextInt(pairs.size()));
            long next = random.nextBoolean() ? 0 : Long.BYTES * random.nextLong(-1, 2);
            values[pair[0].base().number()] = values[pair[1].base().number()] + next
                    + (pair[1].displacementBytes() - pair[0].displacementBytes() & -Long.BYTES);
        }
    }

    private boolean isCell(Mem mem) {
        return arguments.get(mem.base().number()).root().uses.contains(Use.CELL);
    }

    private Shape shape(int count) {
        Shape shape = new Shape();
        for (int i = 0; i < count; i++) {
            shape.blocks.add(blocks++);
        }
        shapes.add(shape);
        return shape;
    }

    private Value value(Operand operand, Value[] temporaries) {
        return switch (operand) {
            case Imm _ -> new Value(List.of(), 0);
            case Reg reg -> reg.isArgument() ? Value.of(arguments.get(reg.number())) : temporaries[reg.number()];
        };
    }

    private void study(Step step, Value[] temporaries) {
        switch (step) {
            case Step.Load load -> {
                List<Kind> kinds = place(load.from(), load.width(), temporaries);
                temporaries[load.target().number()] = Value.of(kinds.getFirst());
            }
            case Step.Store store -> assign(place(store.to(), store.width(), temporaries),
                    value(store.value(), temporaries));
            case Step.CommitStore commit -> assign(place(commit.to(), commit.width(), temporaries),
                    value(commit.value(), temporaries));
            case Step.CommitAdd commit -> place(commit.to(), commit.width(), temporaries);
            case Step.Add add -> temporaries[add.target().number()] = value(add.target(), temporaries)
                    .plus(add.value() instanceof Imm(long constant) ? new Value(List.of(), constant)
                            : value(add.value(), temporaries));
            case Step.Subtract subtract -> temporaries[subtract.target().number()] =
                    value(subtract.target(), temporaries).plus(value(subtract.value(), temporaries));
            case Step.And and -> temporaries[and.target().number()] =
                    value(and.target(), temporaries).plus(value(and.value(), temporaries));
            case Step.Move move -> temporaries[move.target().number()] = value(move.value(), temporaries);
            case Step.Address address -> {
                Kind pointer = new Kind();
                pointer.uses.add(Use.ADDRESS);
                pointer.shape = base(address.place(), Use.BYTES, temporaries);
                Reg index = address.place().index();
                if (index != null) {
                    places.add(new Place(pointer, value(index, temporaries)));
                }
                temporaries[address.target().number()] = Value.of(pointer);
            }
            case Step.ExitIf exit -> compare(exit, temporaries);
            case Step.Copy copy -> {
                base(copy.to(), Use.BYTES, temporaries);
                use(value(copy.from(), temporaries), Use.ADDRESS, Use.OFFSET);
                if (copy.from().isArgument()) {
                    mems.add(Mem.at(copy.from(), 0));
                }
                Value length = value(copy.lengthBytes(), temporaries);
                use(length, Use.LENGTH, Use.LENGTH);
                length.parts.forEach(kind -> kind.root().bound = Math.min(kind.root().bound, copy.maxBytes()));
            }
            case Step.Timestamp timestamp -> temporaries[timestamp.target().number()] = Value.of(new Kind());
            case Step.Delay delay -> use(value(delay.iterations(), temporaries), Use.DELAY, Use.DELAY);
        }
    }

    private static void use(Value value, Use first, Use others) {
        for (int i = 0; i < value.parts.size(); i++) {
            value.parts.get(i).root().uses.add(i == 0 ? first : others);
        }
    }

    /** Notes that a register is followed as an address, and returns the shape of what is there. */
    private Shape base(Mem mem, Use offset, Value[] temporaries) {
        Value base = value(mem.base(), temporaries);
        use(base, mem.perCpu() ? Use.CELL : Use.ADDRESS, Use.OFFSET);
        if (mem.base().isArgument()) {
            mems.add(mem);
        }
        Reg index = mem.index();
        if (index != null) {
            value(index, temporaries).parts.stream().limit(1).forEach(kind -> elements.put(mem, kind));
            Use use = mem.scale() < Integer.BYTES ? offset : Use.ELEMENT;
            use(value(index, temporaries), use, use);
        }
        if (base.parts.isEmpty()) {
            return shape(1);
        }
        Kind kind = base.parts.getFirst().root();
        Shape found = kind.shape;
        if (found == null) {
            found = shape(OBJECTS);
            kind.shape = found;
        }
        return found.root();
    }

    /** Returns the kinds of the words that a place may be: one, or as many as a small index or offset reaches. */
    private List<Kind> place(Mem mem, Width width, Value[] temporaries) {
        Shape shape = base(mem, Use.OFFSET, temporaries);
        List<Kind> base = value(mem.base(), temporaries).parts;
        base.stream().limit(1).forEach(kind -> kind.root().leadsToWords = true);
        // Each small number, among those that are added up, reaches as many words further.
        int reached = FEW * (Math.max(0, base.size() - 1)
                + (mem.index() == null ? 0 : value(mem.index(), temporaries).parts.size()));
        int step = mem.index() == null ? Long.BYTES : Math.max(mem.scale(), width.bytes());
        List<Kind> kinds = new ArrayList<>();
        for (int i = 0; i < Math.max(1, reached); i++) {
            int at = mem.displacementBytes() + i * step;
            kinds.add(shape.words.computeIfAbsent(at, _ -> new Kind()));
            if (width == Width.INT) {
                shape.ints.add(at);
            }
        }
        kinds.forEach(kind -> join(kinds.getFirst(), kind));
        return kinds;
    }

    private void assign(List<Kind> words, Value value) {
        if (value.parts.size() == 1) {
            equals.add(new Kind[] {words.getFirst(), value.parts.getFirst()});
        }
    }

    private void compare(Step.ExitIf exit, Value[] temporaries) {
        Value left = value(exit.left(), temporaries);
        Value right = value(exit.right(), temporaries);
        if (!left.parts.isEmpty() && !right.parts.isEmpty()) {
            equals.add(new Kind[] {left.parts.getFirst(), right.parts.getFirst()});
        }
        if (left.parts.size() == 1 && exit.right().equals(Operand.imm(0))) {
            left.parts.getFirst().root().isNullable = true;
        }
        if (!left.parts.isEmpty() && exit.right() instanceof Imm(long value)) {
            left.parts.getFirst().root().constants.add(value);
        }
        // A bound that is compared with a sum is near what was added, or the sum is always beyond it.
        if (left.parts.size() == 1 && right.constant != 0) {
            left.parts.getFirst().root().constants.add(right.constant);
        }
    }

    /**
     * Joins what is stored or compared, where one side is known to be an address, an offset or a number of an element,
     * and the other is not known.
     */
    private void joinEquals() {
        for (boolean again = true; again;) {
            again = false;
            for (Kind[] pair : equals) {
                Kind one = pair[0].root();
                Kind other = pair[1].root();
                boolean isOne = one.isAddress() && other.isAddress() || one.leadsTo() && other.uses.isEmpty()
                        || other.leadsTo() && one.uses.isEmpty();
                if (one != other && isOne) {
                    join(one, other);
                    again = true;
                }
            }
        }
    }

    private static void join(Kind first, Kind second) {
        Kind one = first.root();
        Kind other = second.root();
        if (one == other) {
            return;
        }
        other.same = one;
        one.uses.addAll(other.uses);
        one.constants.addAll(other.constants);
        one.isNullable |= other.isNullable;
        one.leadsToWords |= other.leadsToWords;
        one.isResult |= other.isResult;
        one.meeting.addAll(other.meeting);
        one.bound = Math.min(one.bound, other.bound);
        Shape shape = one.shape;
        Shape otherShape = other.shape;
        if (shape == null) {
            one.shape = otherShape;
        } else if (otherShape != null) {
            join(shape, otherShape);
        }
    }

    private static void join(Shape first, Shape second) {
        Shape one = first.root();
        Shape other = second.root();
        if (one == other) {
            return;
        }
        other.same = one;
        one.blocks.addAll(other.blocks);
        one.ints.addAll(other.ints);
        for (Map.Entry<Integer, Kind> word : other.words.entrySet()) {
            Kind own = one.words.putIfAbsent(word.getKey(), word.getValue());
            if (own != null) {
                join(own, word.getValue());
            }
        }
    }

    /** Returns how many bytes of each copy, and of the plain memory, a chain may touch. */
    public int windowBytes() {
        return blockBytes * Math.max(1, blocks);
    }

    /**
     * Makes up arguments.
     *
     * @param random decides
     */
    public long[] arguments(SplittableRandom random) {
        long[] values = new long[chain.arguments()];
        overlaps = false;
        for (int i = 0; i < values.length; i++) {
            Kind kind = arguments.get(i).root();
            if (!kind.uses.isEmpty()) {
                values[i] = typed(kind, i, random);
            } else {
                values[i] = random.nextInt(3) == 0 ? random.nextLong() >>> 1 : plain(kind, random);
            }
        }
        if (mayOverlap && !mems.isEmpty() && random.nextInt(3) == 0) {
            overlap(values, random);
        }
        return values;
    }

    /** Makes up a value that is followed nowhere. */
    private static long plain(Kind kind, SplittableRandom random) {
        if (kind.constants.isEmpty() || random.nextBoolean()) {
            return random.nextInt(FEW);
        }
        long near = kind.constants.get(random.nextInt(kind.constants.size())) + random.nextInt(-1, 2);
        // What is returned is not negative, also when something is added to it.
        return kind.isResult && near >>> Long.SIZE - 2 != 0 ? random.nextInt(FEW) : near;
    }

    /** Makes up a value of a kind; an argument that is followed leads to its own block. */
    private long typed(Kind kind, int argument, SplittableRandom random) {
        Use use = Collections.min(kind.uses);
        if (use.compareTo(Use.OFFSET) >= 0 && !kind.meeting.isEmpty() && random.nextInt(FEW) == 0) {
            overlaps = true;
            return List.copyOf(kind.meeting).get(random.nextInt(kind.meeting.size()));
        }
        return switch (use) {
            case CELL, ADDRESS -> {
                List<Integer> places = kind.shape == null ? List.of(0) : kind.shape.root().blocks;
                int block = places.contains(argument) ? argument : places.get(random.nextInt(places.size()));
                boolean isNull = kind.isNullable && argument < 0 && random.nextInt(FEW) == 0;
                yield isNull ? 0 : (use == Use.CELL ? perCpuBase : plainBase) + (long) block * blockBytes
                        + marginBytes;
            }
            case OFFSET -> (long) random.nextInt(FEW) * Long.BYTES;
            case ELEMENT, DELAY -> random.nextInt(FEW);
            case LENGTH -> random.nextInt(kind.bound + 1);
            case BYTES -> random.nextInt(MAX_LENGTH);
        };
    }

    /**
     * Fills one window. Words are small numbers, so that comparisons hold about as often as not, but for those whose
     * use tells that they are something else.
     *
     * @param memory the memory
     * @param base the window's address
     * @param random decides; the same for every copy
     */
    public void fill(AddressSpace memory, long base, SplittableRandom random) {
        int words = windowBytes() / Long.BYTES;
        for (int i = 0; i < words; i++) {
            memory.putLong(base + (long) i * Long.BYTES, random.nextInt(FEW));
        }
        for (Shape shape : shapes) {
            if (shape.root() != shape) {
                continue;
            }
            for (int block : shape.blocks) {
                for (Map.Entry<Integer, Kind> word : shape.words.entrySet()) {
                    Kind kind = word.getValue().root();
                    if (!kind.uses.isEmpty() || !kind.constants.isEmpty()) {
                        long address = base + (long) block * blockBytes + marginBytes + word.getKey();
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
