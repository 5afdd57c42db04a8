package io.github.rseq4j.proof;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.CommitAddPair;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Random chains from a seed, which is part of their names: unforeseen combinations of steps, operands and numbers of
 * arguments. Places sometimes overlap. Steps that the rules about restarts refuse are left out, so each chain may be
 * restarted anywhere.
 */
public final class RandomSections {
    /** The content of an argument, or of a temporary at one point of a section. */
    private enum Holds { NOTHING, CELL, PLAIN, INDEX, LENGTH, VALUE, TIME, ADDRESS }

    private static final int MAX_STEPS = 12;
    private static final int MAX_COPY_BYTES = 40;
    /** The offsets in a block of the words that are loaded, committed, stored and copied to. */
    private static final int LOADED = 0;
    private static final int COMMITTED = 128;
    private static final int STORED = 256;
    private static final int COPIED = 640;
    private static final long[] CONSTANTS = {0, 1, 2, 3, -1, 127, 128, -128, -129, Integer.MAX_VALUE,
        Integer.MAX_VALUE + 1L, Integer.MIN_VALUE, Integer.MIN_VALUE - 1L, 0xFFFF_FFFFL, 0x1_0000_0000L,
        Long.MAX_VALUE, Long.MIN_VALUE};

    private final SplittableRandom random;
    private final Holds[] arguments;
    /** The arguments that a step has used as addresses or indices, so that a scenario treats them as such. */
    private final boolean[] used;
    /** Whether places lie anywhere, even where the rules refuse it. */
    private final boolean isFree;
    /** Whether loaded words are used as places. */
    private final boolean followsWords;
    private Holds[] temporaries = new Holds[0];

    private RandomSections(long seed, boolean isFree, boolean followsWords) {
        this.isFree = isFree;
        this.followsWords = followsWords;
        this.random = new SplittableRandom(seed);
        this.arguments = new Holds[random.nextInt(1, Chain.MAX_ARGUMENTS + 1)];
        this.used = new boolean[arguments.length];
        Arrays.setAll(arguments, i -> i == 0 ? Holds.CELL
                : pick(Holds.CELL, Holds.PLAIN, Holds.INDEX, Holds.LENGTH, Holds.VALUE, Holds.VALUE));
    }

    /**
     * Makes random chains.
     *
     * @param seed the first chain's seed; the other chains have the numbers after it
     * @param count the number of chains
     */
    public static List<Chain> of(long seed, int count) {
        return LongStream.range(seed, seed + count)
                .mapToObj(s -> new RandomSections(s, false, false).chain("random_" + s)).toList();
    }

    /**
     * Makes random chains with visible restarts: most store where a step has read, or may have read.
     *
     * @param seed the first chain's seed; the other chains have the numbers after it
     * @param count the number of chains
     */
    static List<Chain> unchecked(long seed, int count) {
        return LongStream.range(seed, seed + count).mapToObj(s -> new RandomSections(s, true, false).chain("free_" + s))
                .toList();
    }

    /**
     * Makes random chains that follow loaded words, and that the rules about restarts accept.
     *
     * @param seed the first chain's seed; the other chains have the numbers after it
     * @param count the number of chains
     */
    static List<Chain> following(long seed, int count) {
        return LongStream.range(seed, seed + count)
                .mapToObj(s -> new RandomSections(s, false, true).chain("following_" + s)).toList();
    }

    static boolean isTaken(List<Section> sections, int arguments) {
        try {
            Rules.checkRestarts(new Chain("tried", arguments, 1, sections));
            return true;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    @SafeVarargs
    private <T> T pick(T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private Chain chain(String name) {
        List<Section> sections = new ArrayList<>();
        int count = random.nextInt(4) == 0 ? random.nextInt(2, 4) : 1;
        for (int k = 0; k < count; k++) {
            Section section = section(name);
            List<Section> more = new ArrayList<>(sections);
            more.add(section);
            // A section is left out where it stores a word that another section of the chain commits.
            if (isFree || sections.isEmpty() || isTaken(more, arguments.length)) {
                sections.add(section);
            }
        }
        return new Chain(name, arguments.length, Chain.DEFAULT_RESTARTS, sections);
    }

    private Section section(String name) {
        temporaries = new Holds[Section.MAX_TEMPORARIES];
        Arrays.fill(temporaries, Holds.NOTHING);
        List<Step> steps = new ArrayList<>();
        int count = random.nextInt(MAX_STEPS);
        Width width = pick(Width.values());
        Mem to = place(COMMITTED, false);
        for (int i = 0; i < count; i++) {
            Holds[] before = temporaries.clone();
            Step step = step();
            List<Step> more = new ArrayList<>(steps);
            more.add(step);
            more.add(new Step.CommitAdd(to, imm(1), width, Order.RELAXED));
            boolean isLegal = to.base().isArgument() && step.brokenRule((Step.Commit) more.getLast()) == null;
            if (isLegal && (isFree || isTaken(List.of(new Section(name, more, null)), arguments.length))) {
                steps.add(step);
            } else {
                temporaries = before;
            }
        }
        if (followsWords) {
            Step.Commit followed = new Step.CommitAdd(place(COMMITTED, false), imm(1), width, Order.RELAXED);
            List<Step> all = new ArrayList<>(steps);
            all.add(followed);
            boolean isLegal = steps.stream().allMatch(step -> step.brokenRule(followed) == null);
            to = isLegal && isTaken(List.of(new Section(name, all, null)), arguments.length) ? followed.to() : to;
        }
        if (width == Width.LONG && random.nextInt(4) == 0) {
            steps.add(new CommitAddDouble(to, number(), pick(Order.values())));
            return new Section(name, steps, find(Holds.INDEX, Holds.LENGTH));
        }
        steps.add(commit(name, steps, random.nextBoolean()
                ? new Step.CommitStore(to, value(), width, pick(Order.values()))
                : new Step.CommitAdd(to, value(), width, pick(Order.values()))));
        // Only these registers hold values that are never negative.
        return new Section(name, steps, find(Holds.INDEX, Holds.LENGTH));
    }

    /** Returns a commit, or in one of four sections one of a pair at the same place, where the rules accept it. */
    private Step commit(String name, List<Step> steps, Step.Commit single) {
        CommitAddPair pair = new CommitAddPair(single.to(), single.value(), value());
        List<Step> all = new ArrayList<>(steps);
        all.add(pair);
        boolean isLegal = random.nextInt(4) == 0 && steps.stream().allMatch(step -> step.brokenRule(pair) == null);
        return isLegal && (isFree || isTaken(List.of(new Section(name, all, null)), arguments.length)) ? pair : single;
    }

    private Step step() {
        Reg target = temp(random.nextInt(Section.MAX_TEMPORARIES));
        Width width = pick(Width.values());
        return switch (random.nextInt(10)) {
            case 0, 1 -> {
                if (followsWords && random.nextBoolean()) {
                    yield writes(target, Holds.ADDRESS, new Step.Load(target, place(LOADED, true), Width.LONG));
                }
                Step load = new Step.Load(target, place(LOADED, true), width);
                yield writes(target, Holds.VALUE, load);
            }
            case 2 -> {
                Reg from = find(Holds.INDEX, Holds.CELL, Holds.TIME);
                yield from == null || from.isArgument() && !used[from.number()]
                        ? writes(target, Holds.VALUE, new Step.Move(target, value()))
                        : writes(target, holds(from), new Step.Move(target, from));
            }
            case 3 -> {
                Reg sum = find(Holds.VALUE);
                if (sum == null || sum.isArgument()) {
                    yield writes(target, Holds.VALUE, random.nextBoolean() ? new Step.Move(target, value())
                            : new Step.Address(target, place(LOADED, true)));
                }
                yield pick(new Step.Add(sum, value()), new Step.Subtract(sum, value()), new Step.And(sum, value()),
                        new Bucket(sum, value(), random.nextInt(1, 11)));
            }
            case 4, 5 -> {
                Reg time = find(Holds.TIME);
                yield new Step.Store(place(STORED, true), time == null ? value() : time, width);
            }
            case 6 -> {
                Reg left = find(Holds.VALUE, Holds.INDEX);
                Reg index = find(Holds.INDEX);
                if (index != null && random.nextBoolean()) {
                    // A bound, which shows that elements are disjoint from words.
                    yield new Step.ExitIf(Condition.ABOVE_OR_EQUAL, use(index), imm(4), Width.LONG, 0);
                }
                yield new Step.ExitIf(pick(Condition.values()), left == null ? arg(0) : left, value(), width,
                        random.nextInt(Section.MAX_EXITS));
            }
            case 7 -> copy();
            case 8 -> writes(target, Holds.TIME, new Step.Timestamp(target, random.nextBoolean()));
            default -> {
                Reg iterations = find(Holds.INDEX);
                yield iterations == null ? new Step.Store(place(STORED, true), value(), width)
                        : new Step.Delay(use(iterations), random.nextInt(1, 20));
            }
        };
    }

    /** A copy takes its source and its length from the arguments that lie in registers. */
    private Step copy() {
        Reg from = null;
        Reg length = null;
        for (int i = 0; i < Math.min(6, arguments.length); i++) {
            from = arguments[i] == Holds.PLAIN ? arg(i) : from;
            length = arguments[i] == Holds.LENGTH ? arg(i) : length;
        }
        return from == null || length == null ? new Step.Store(place(STORED, true), value(), Width.LONG)
                : new Step.Copy(place(COPIED, false), from, length, random.nextInt(1, MAX_COPY_BYTES + 1));
    }

    private Step writes(Reg target, Holds holds, Step step) {
        temporaries[target.number()] = holds;
        return step;
    }

    private Mem place(int region, boolean mayHaveIndex) {
        Reg word = followsWords && random.nextBoolean() ? find(Holds.ADDRESS) : null;
        if (word != null) {
            return Mem.at(word, 8 * random.nextInt(4));
        }
        Reg base = random.nextBoolean() ? null : find(Holds.CELL);
        int at = random.nextInt(4) > 0 ? region : pick(LOADED, COMMITTED, STORED);
        Reg index = mayHaveIndex && random.nextInt(3) == 0 ? find(Holds.INDEX) : null;
        return new Mem(use(base == null ? arg(0) : base), true, index == null ? null : use(index),
                index == null ? pick(1, 8) : 8, at + 8 * random.nextInt(8));
    }

    private Reg use(Reg reg) {
        if (reg.isArgument()) {
            used[reg.number()] = true;
        }
        return reg;
    }

    private Operand value() {
        Reg reg = random.nextInt(4) == 0 ? null : find(Holds.VALUE, Holds.INDEX, Holds.LENGTH);
        return reg == null ? imm(CONSTANTS[random.nextInt(CONSTANTS.length)]) : reg;
    }

    /** Returns a double: an argument, or a constant whose sums with small ones are exact. */
    private Operand number() {
        int argument = random.nextInt(arguments.length);
        return arguments[argument] == Holds.VALUE ? arg(argument)
                : imm(Double.doubleToRawLongBits(pick(0.0, 0.5, -1.0, 3.0, 0x1p40)));
    }

    private Holds holds(Reg reg) {
        return reg.isArgument() ? arguments[reg.number()] : temporaries[reg.number()];
    }

    /** Returns a register that holds one of these, or null. */
    private @Nullable Reg find(Holds... wanted) {
        List<Reg> found = new ArrayList<>();
        List<Holds> list = List.of(wanted);
        for (int i = 0; i < arguments.length; i++) {
            if (list.contains(arguments[i])) {
                found.add(arg(i));
            }
        }
        for (int i = 0; i < temporaries.length; i++) {
            if (list.contains(temporaries[i])) {
                found.add(temp(i));
            }
        }
        return found.isEmpty() ? null : found.get(random.nextInt(found.size()));
    }
}
