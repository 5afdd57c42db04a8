package io.github.rseq4j.proof;

import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.CommitAddPair;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Imm;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The uses that the steps of a chain make of its arguments and of the words that they load. */
final class Uses {
    /* How it works
     *
     * The steps are followed once. The content of a register is traced to the argument or the word that it comes from.
     * Its use determines the kind of that argument or word. The kind of an address has a shape: the words at the
     * address, in the block of an argument or in a few objects. Words that are stored to each other, or compared, have
     * one kind, even if a step has added to one of them.
     */
    /** The uses of a value. If there are several, the first one decides. */
    enum Use { CELL, ADDRESS, OFFSET, ELEMENT, DELAY, LENGTH, BYTES, DOUBLE }

    /** Small numbers are below this. */
    static final int FEW = 4;
    static final int MAX_LENGTH = 40;
    /** The size of a block without a copy. */
    private static final int SMALL_BLOCK_BYTES = 1024;
    /** The room before the address of a block, for small negative displacements and indices. */
    private static final int SMALL_MARGIN_BYTES = 128;
    private static final int OBJECTS = 3;

    private final List<Kind> arguments = new ArrayList<>();
    private final List<Shape> shapes = new ArrayList<>();
    private final List<Kind[]> equals = new ArrayList<>();
    private final List<Taken> taken = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private final int marginBytes;
    private final int blockBytes;
    private int copiedBytes;
    private int blocks;

    /** The kind of a word or an argument. Kinds that prove to be the same are joined. */
    static final class Kind {
        final Set<Use> uses = EnumSet.noneOf(Use.class);
        final List<Long> constants = new ArrayList<>();
        boolean isNullable;
        /** Whether a step reads or writes words at the address. */
        boolean leadsToWords;
        boolean isResult;
        /** Whether it is a time that the chain reads. */
        boolean isTime;
        int bound = MAX_LENGTH;
        @Nullable Shape shape;
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

    /** The shape at an address: kinds of words by their displacement, at one or several places of each window. */
    static final class Shape {
        final Map<Integer, Kind> words = new TreeMap<>();
        final Set<Integer> ints = new TreeSet<>();
        final List<Integer> blocks = new ArrayList<>();
        private @Nullable Shape same;

        Shape root() {
            Shape next = same;
            return next == null ? this : next.root();
        }
    }

    /**
     * A place that a step reads or writes, or takes the address of.
     *
     * @param mem the place as the step has it
     * @param base the kind of its base
     * @param index the kind of its index, or null
     * @param parts the kinds of all parts of its address
     * @param isRange whether it is, or may be, a range of bytes instead of a word
     */
    record Place(Mem mem, Kind base, @Nullable Kind index, List<Kind> parts, boolean isRange) {
        boolean isMadeOf(Kind kind) {
            return parts.stream().anyMatch(part -> part.root() == kind.root());
        }
    }

    /** A place whose address is taken, with its index. */
    private record Taken(Kind pointer, Value index) {}

    /**
     * The content of a register: the kinds of its parts.
     *
     * @param parts the kind of the value, and then the kinds of the values that were added to it
     * @param constant the sum of the constants that were added
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
     */
    Uses(Chain chain) {
        for (int i = 0; i < chain.arguments(); i++) {
            Kind kind = new Kind();
            kind.shape = shape(1);
            arguments.add(kind);
        }
        int last = 0;
        int first = 0;
        for (Section section : chain.sections()) {
            Value[] temporaries = new Value[Section.MAX_TEMPORARIES];
            for (Step step : section.steps()) {
                study(step, temporaries);
                Mem mem = step.memory();
                last = Math.max(last, mem == null ? 0 : mem.displacementBytes());
                first = Math.min(first, mem == null ? 0 : mem.displacementBytes());
            }
            Reg result = section.result();
            if (result != null) {
                value(result, temporaries).parts.forEach(kind -> kind.root().isResult = true);
            }
        }
        for (Taken place : taken) {
            if (place.pointer.root().leadsToWords) {
                use(place.index, Use.OFFSET, Use.OFFSET);
            }
        }
        joinEquals();
        this.marginBytes = SMALL_MARGIN_BYTES + (-first & -Long.BYTES);
        this.blockBytes = marginBytes + SMALL_BLOCK_BYTES + (last & -Long.BYTES) + copiedBytes;
    }

    /** Returns the kind of an argument. */
    Kind argument(int number) {
        return arguments.get(number).root();
    }

    /** Returns the shapes of all addresses. */
    List<Shape> shapes() {
        return shapes.stream().filter(shape -> shape.root() == shape).toList();
    }

    /** Returns the places of all steps. */
    List<Place> places() {
        return places;
    }

    /** Tells whether an address depends on a time that the chain reads. */
    boolean hasPlaceByTime() {
        return places.stream().anyMatch(place -> place.parts.stream().anyMatch(kind -> kind.root().isTime));
    }

    /** Returns the number of bytes of each window, which the chain may access. */
    int windowBytes() {
        return blockBytes * Math.max(1, blocks);
    }

    /** Returns the offset in a window to which a block's address leads. */
    long offset(int block) {
        return (long) block * blockBytes + marginBytes;
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
            case CommitAddPair commit -> {
                place(commit.to(), Width.LONG, temporaries);
                place(commit.to().plus(Long.BYTES), Width.LONG, temporaries);
            }
            case CommitAddDouble commit -> {
                place(commit.to(), commit.width(), temporaries).getFirst().root().uses.add(Use.DOUBLE);
                use(value(commit.value(), temporaries), Use.DOUBLE, Use.DOUBLE);
            }
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
                    taken.add(new Taken(pointer, value(index, temporaries)));
                }
                temporaries[address.target().number()] = Value.of(pointer);
            }
            case Bucket bucket -> temporaries[bucket.target().number()] = value(bucket.value(), temporaries);
            case Step.ExitIf exit -> compare(exit, temporaries);
            case Step.Copy copy -> {
                base(copy.to(), Use.BYTES, temporaries);
                base(Mem.at(copy.from(), 0), Use.BYTES, temporaries);
                copiedBytes = MAX_LENGTH;
                Value length = value(copy.lengthBytes(), temporaries);
                use(length, Use.LENGTH, Use.LENGTH);
                length.parts.forEach(kind -> kind.root().bound = Math.min(kind.root().bound, copy.maxBytes()));
            }
            case Step.Timestamp timestamp -> {
                Kind time = new Kind();
                time.isTime = true;
                temporaries[timestamp.target().number()] = Value.of(time);
            }
            case Step.Delay delay -> use(value(delay.iterations(), temporaries), Use.DELAY, Use.DELAY);
        }
    }

    private static void use(Value value, Use first, Use others) {
        for (int i = 0; i < value.parts.size(); i++) {
            value.parts.get(i).root().uses.add(i == 0 ? first : others);
        }
    }

    /** Notes that a register is used as an address, and returns the shape there. */
    private Shape base(Mem mem, Use offset, Value[] temporaries) {
        Value base = value(mem.base(), temporaries);
        use(base, mem.perCpu() ? Use.CELL : Use.ADDRESS, Use.OFFSET);
        Reg index = mem.index();
        Value number = index == null ? new Value(List.of(), 0) : value(index, temporaries);
        Use use = mem.scale() < Integer.BYTES ? offset : Use.ELEMENT;
        use(number, use, use);
        if (base.parts.isEmpty()) {
            return shape(1);
        }
        places.add(new Place(mem, base.parts.getFirst(), number.parts.isEmpty() ? null : number.parts.getFirst(),
                base.plus(number).parts, offset == Use.BYTES));
        Kind kind = base.parts.getFirst().root();
        Shape found = kind.shape;
        if (found == null) {
            found = shape(OBJECTS);
            kind.shape = found;
        }
        return found.root();
    }

    /** Returns the kinds of the words that a place may be: one, or those that a small index or offset reaches. */
    private List<Kind> place(Mem mem, Width width, Value[] temporaries) {
        Shape shape = base(mem, Use.OFFSET, temporaries);
        List<Kind> base = value(mem.base(), temporaries).parts;
        base.stream().limit(1).forEach(kind -> kind.root().leadsToWords = true);
        // Each small number in the sum reaches as many words further.
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
            words.getFirst().root().isTime |= value.parts.getFirst().root().isTime;
            equals.add(new Kind[] {words.getFirst(), value.parts.getFirst()});
        }
    }

    private void compare(Step.ExitIf exit, Value[] temporaries) {
        Value left = value(exit.left(), temporaries);
        Value right = value(exit.right(), temporaries);
        boolean isTime = left.parts.stream().anyMatch(kind -> kind.root().isTime);
        if (!isTime && !left.parts.isEmpty() && !right.parts.isEmpty()) {
            equals.add(new Kind[] {left.parts.getFirst(), right.parts.getFirst()});
        }
        if (left.parts.size() == 1 && exit.right().equals(Operand.imm(0))) {
            left.parts.getFirst().root().isNullable = true;
        }
        if (!left.parts.isEmpty() && exit.right() instanceof Imm(long value)) {
            left.parts.getFirst().root().constants.add(value);
        }
        // A bound of a time is at times the greatest number; else the time would always be above it.
        if (right.parts.size() == 1 && isTime) {
            right.parts.getFirst().root().constants.add(-1L);
        }
        // A bound that is compared with a sum is near the constant of the sum; else the sum would always be above it.
        if (left.parts.size() == 1 && right.constant != 0) {
            left.parts.getFirst().root().constants.add(right.constant);
        }
    }

    /**
     * Joins the kinds of words that are stored to each other or compared, if the use of one is known to be an address,
     * an offset or an element's number, and the use of the other is unknown.
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
        one.isTime |= other.isTime;
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
}
