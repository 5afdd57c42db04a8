package io.github.rseq4j.ir;

import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.ir.Facts.Range;
import io.github.rseq4j.ir.Operand.Imm;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Step.Commit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rule that a restart reads what the first run read: no store before the commit may write a byte that an earlier
 * step has read, or that the commit writes.
 */
final class Restarts {
    /* How it works
     *
     * An aborted run leaves its stores. The restart does the same as the first run if each read returns the same bytes,
     * that is, if no byte is read and then stored to (an antidependence; de Kruijf's idempotent regions). A byte that
     * the section stores before the read is no problem: the restart stores it again before it reads it.
     *
     * The steps are followed once. A register holds a Sum of unknown words: arguments, the slot, loaded words. So the
     * distance of two places is a sum too. The places are disjoint if the distance is a constant that is large enough,
     * or if Facts exclude every distance at which they overlap. Most facts are comparisons that did not leave the
     * section. A store that cannot be shown to be disjoint is refused. A user's section then compares the places, see
     * SectionBuilder.disjoint; a section of this library states the reason, see Assumption.
     *
     * A store of a loaded word, with the width of the load, is allowed at any place: words lie at multiples of their
     * size, so the store either misses the loaded word or writes its content.
     *
     * A place without a slot is compared with a place with a slot at the slot of the run. A section that reaches
     * another index's copy by a place without a slot breaks a rule that no step shows (I9).
     */
    private static final String MAY = "; if the places never overlap, state it before the store"
            + " (SectionBuilder.disjoint, or an exit that bounds the index); else commit the word in a section of its"
            + " own";
    private static final String READS = "; commit it in a section of its own (SectionBuilder.next), or read it in the"
            + " section that stores it, after the store";
    private static final String DOES = "; commit the word in a section of its own (SectionBuilder.next), or store it"
            + " before the load";

    /** Numbers that stand for the steps of other sections. */
    private static final int ANOTHER = -1;
    private static final int ANOTHER_READS = -2;

    private final String name;
    private final List<Step> steps;
    private final List<Assumption> assumptions;
    private final Facts facts = new Facts();
    private final int slot = facts.unknown(-1);
    private final Map<Integer, Set<Object>> sources = new TreeMap<>();
    private final Sum[] temporaries = new Sum[Section.MAX_STEPS];
    private final List<Access> reads = new ArrayList<>();
    private final List<Access> writes = new ArrayList<>();

    /**
     * A step's access to memory.
     *
     * @param number the step's number
     * @param mem the place as the step has it, or null
     * @param at its address
     * @param length the number of bytes
     * @param maxBytes the largest number of bytes
     * @param word the word that is loaded or stored, or null
     */
    private record Access(int number, @Nullable Mem mem, Sum at, Sum length, long maxBytes, @Nullable Sum word) {
        Access by(int step) {
            return new Access(step, mem, at, length, maxBytes, word);
        }

        boolean isSamePlace(Access other) {
            return at.equals(other.at) && length.equals(other.length);
        }

        /** Tells whether this access contains all bytes of another one, for all values of the unknown words. */
        boolean covers(Access other) {
            Sum offset = other.at.minus(at);
            return offset.isConstant() && length.isConstant() && offset.constant() >= 0
                    && offset.constant() + other.maxBytes <= length.constant();
        }
    }

    private Restarts(String name, List<Step> steps, List<Assumption> assumptions) {
        this.name = name;
        this.steps = steps;
        this.assumptions = assumptions;
        for (int i = 0; i < Chain.MAX_ARGUMENTS; i++) {
            sources.put(facts.unknown(-1), Set.of(Operand.arg(i)));
        }
    }

    /**
     * Checks a section, or the steps that it has so far.
     *
     * @param name the section's name
     * @param steps its steps, which obey the other rules
     * @throws IllegalArgumentException with the store, and the step that may have read the same bytes
     */
    static void check(String name, List<Step> steps) {
        check(name, steps, List.of(), List.of());
    }

    /**
     * Checks the sections of a chain. A section may not store, before its commit, to a place that an earlier section
     * has stored to, or that another section reads or commits: an aborted store stays at the index that the thread
     * leaves, and the next call there reads it. Places that another section computes from loaded words are left to the
     * simulation.
     *
     * @param chain the chain
     * @throws IllegalArgumentException with the store, and the access that it may overlap
     */
    static void check(Chain chain) {
        List<Section> sections = chain.sections();
        for (int k = 0; k < sections.size(); k++) {
            List<Access> others = new ArrayList<>();
            for (int i = 0; i < sections.size(); i++) {
                if (i != k) {
                    others.addAll(observed(sections.get(i), i < k));
                }
            }
            check(sections.get(k).name(), sections.get(k).steps(), sections.get(k).assumptions(), others);
        }
    }

    /**
     * Returns the accesses of a section that concern the other sections of its chain, at places that arguments alone
     * determine: its commit, its reads, and its stores if they are asked for.
     */
    private static List<Access> observed(Section section, boolean stores) {
        Restarts restarts = new Restarts(section.name(), section.steps(), section.assumptions());
        restarts.follow(List.of());
        List<Access> observed = new ArrayList<>(stores ? restarts.writes : List.of());
        Mem to = section.commit().to();
        observed.add(committed(ANOTHER, section.commit(), restarts.address(to)));
        observed.replaceAll(each -> each.by(ANOTHER));
        restarts.reads.forEach(each -> observed.add(each.by(ANOTHER_READS)));
        observed.removeIf(each -> each.at.factors().keySet().stream().anyMatch(word -> word > Chain.MAX_ARGUMENTS));
        observed.replaceAll(each -> new Access(each.number, each.mem, each.at, Sum.of(each.maxBytes), each.maxBytes,
                each.word));
        return observed;
    }

    private static void check(String name, List<Step> steps, List<Assumption> assumptions, List<Access> others) {
        Restarts restarts = new Restarts(name, steps, assumptions);
        List<Access> committed = new ArrayList<>(others);
        // The address of the commit is known only after the last store, so the steps are followed twice.
        if (steps.getLast() instanceof Commit commit) {
            Restarts first = new Restarts(name, steps, assumptions);
            first.follow(List.of());
            Sum at = first.address(commit.to());
            committed.add(committed(steps.size() - 1, commit, at));
            restarts.sources.putAll(first.sources);
        }
        restarts.follow(committed);
    }

    private void follow(List<Access> committed) {
        for (int i = 0; i < steps.size(); i++) {
            follow(i, steps.get(i), committed);
        }
    }

    private void follow(int i, Step step, List<Access> committed) {
        switch (step) {
            case Step.Load load -> {
                Sum word = loaded(load);
                read(access(i, load.from(), address(load.from()), load.width(), word));
                temporaries[load.target().number()] = word;
            }
            case Step.Store store -> write(step, access(i, store.to(), address(store.to()), store.width(),
                    value(store.value())), committed);
            case Step.Copy copy -> {
                Sum length = value(copy.lengthBytes());
                facts.within(length, 0, copy.maxBytes());
                read(new Access(i, null, value(copy.from()), length, copy.maxBytes(), null));
                write(step, new Access(i, copy.to(), address(copy.to()), length, copy.maxBytes(), null), committed);
            }
            case Step.Add add -> set(add.target(), value(add.target()).plus(value(add.value())));
            case Step.Subtract sub -> set(sub.target(), value(sub.target()).minus(value(sub.value())));
            case Step.And and -> set(and.target(), masked(value(and.target()), value(and.value())));
            case Step.Address address -> set(address.target(), address(address.place()));
            case Step.Move move -> set(move.target(), value(move.value()));
            case Step.Timestamp timestamp -> set(timestamp.target(), unknown(-1, Set.of()));
            case Bucket bucket -> set(bucket.target(), unknown(
                    HistogramBuckets.number(-1, bucket.significantBits()), madeOf(value(bucket.value()))));
            case Step.ExitIf exit -> compare(exit);
            case Step.Delay delay -> facts.within(value(delay.iterations()), 0, delay.max());
            case Commit _ -> { }
        }
    }

    private static Access access(int number, Mem mem, Sum at, Width width, @Nullable Sum word) {
        return new Access(number, mem, at, Sum.of(width.bytes()), width.bytes(), word);
    }

    private static Access committed(int number, Commit commit, Sum at) {
        return new Access(number, commit.to(), at, Sum.of(commit.bytes()), commit.bytes(), null);
    }

    private Sum loaded(Step.Load load) {
        boolean isStable = assumptions.stream().anyMatch(each -> each.kind() == Assumption.Kind.STABLE
                && each.subject().equals(load.from()));
        for (Access read : isStable ? reads : List.<Access>of()) {
            if (read.word != null && load.from().equals(read.mem)) {
                return read.word;
            }
        }
        return unknown(load.width() == Width.INT ? 0xFFFF_FFFFL : -1, Set.of(load.from()));
    }

    private Sum unknown(long max, Set<Object> madeOf) {
        int number = facts.unknown(max);
        sources.put(number, madeOf);
        return Sum.ofUnknown(number);
    }

    private void set(Reg target, Sum value) {
        temporaries[target.number()] = value;
    }

    private Sum value(Operand operand) {
        return switch (operand) {
            case Imm(long value) -> Sum.of(value);
            case Reg reg -> reg.isArgument() ? argument(reg) : temporaries[reg.number()];
        };
    }

    private Sum argument(Reg reg) {
        return Sum.ofUnknown(slot + 1 + reg.number());
    }

    private Sum address(Mem mem) {
        Sum address = value(mem.base()).plus(mem.displacementBytes());
        if (mem.perCpu()) {
            address = address.plus(Sum.ofUnknown(slot));
        }
        return mem.index() == null ? address : address.plus(value(mem.index()), mem.scale());
    }

    private Sum masked(Sum word, Sum mask) {
        long max = Math.min(highest(word), highest(mask));
        Set<Object> madeOf = new HashSet<>(madeOf(word));
        madeOf.addAll(madeOf(mask));
        return unknown(max == Long.MAX_VALUE ? -1 : max, madeOf);
    }

    /** Returns the highest number that a sum may be as an unsigned one, or the highest long where it may be any. */
    private long highest(Sum sum) {
        Range range = facts.range(sum);
        return range == null || range.low() < 0 ? Long.MAX_VALUE : range.high();
    }

    private void compare(Step.ExitIf exit) {
        Sum left = value(exit.left());
        Sum right = value(exit.right());
        if (exit.width() == Width.INT) {
            right = right.isConstant() ? Sum.of(right.constant() & 0xFFFF_FFFFL) : right;
            // The lower halves are the words where the upper halves are 0.
            if (highest(left) >>> Integer.SIZE != 0 || highest(right) >>> Integer.SIZE != 0) {
                return;
            }
        }
        facts.fails(exit.condition(), left, right);
    }

    private Set<Object> madeOf(Sum sum) {
        Set<Object> all = new HashSet<>();
        for (int unknown : sum.factors().keySet()) {
            all.addAll(sources.getOrDefault(unknown, Set.of()));
        }
        return all;
    }

    private void read(Access read) {
        if (writes.stream().noneMatch(write -> write.covers(read))) {
            reads.add(read);
        }
    }

    private void write(Step step, Access write, List<Access> committed) {
        for (Access read : reads) {
            boolean isSame = write.word != null && write.word.equals(read.word) && write.length.equals(read.length);
            if (!isSame && !isSettled(read, write) && !isApart(read, write)) {
                throw refused(step, write, read, "a restart must read what the first run has read, and this ",
                        read.number == write.number ? " over its own source"
                                : " over what step " + read.number + " (" + steps.get(read.number) + ") reads");
            }
        }
        for (Access word : committed) {
            boolean isStoredAgain = word.word != null && word.word.equals(write.word) && word.isSamePlace(write)
                    && word.word.factors().keySet().stream().allMatch(part -> part <= Chain.MAX_ARGUMENTS);
            if (!isApart(word, write) && !isUnchanged(word, write) && !isStoredAgain) {
                throw refused(step, write, word, word.number == ANOTHER_READS
                        ? "no section reads what an aborted run of another one has stored, and this "
                        : Step.ONLY_THE_COMMIT + ", and this ", switch (word.number) {
                            case ANOTHER_READS -> " what another section reads";
                            case ANOTHER -> " what another section commits";
                            default -> " there";
                        });
            }
        }
        writes.add(write);
    }

    private IllegalArgumentException refused(Step step, Access write, Access met, String rule, String where) {
        boolean isSure = met.at.minus(write.at).isConstant();
        return new IllegalArgumentException("section=" + name + ", step " + write.number + " (" + step
                + ") breaks the rule: " + rule + (isSure ? "writes" : "may write") + where
                + (!isSure ? MAY : met.number == ANOTHER_READS ? READS : DOES));
    }

    /** Tells whether a store writes to the committed word the content that was loaded from there. */
    private boolean isUnchanged(Access committed, Access write) {
        return reads.stream().anyMatch(read -> read.word != null && read.word.equals(write.word)
                && read.length.equals(write.length) && read.isSamePlace(committed));
    }

    private boolean isSettled(Access read, Access write) {
        return assumptions.stream().anyMatch(each -> each.kind() == Assumption.Kind.SETTLED
                && each.subject().equals(read.mem) && each.subject().equals(write.mem));
    }

    private boolean isApart(Access one, Access other) {
        Sum distance = one.at.minus(other.at);
        if (facts.excludes(distance, other.length, other.maxBytes)
                && facts.excludes(Sum.ZERO.minus(distance), one.length, one.maxBytes)) {
            return true;
        }
        Set<Object> madeOf = madeOf(one.at);
        Set<Object> otherMadeOf = madeOf(other.at);
        return assumptions.stream().anyMatch(each -> each.kind() == Assumption.Kind.APART
                && madeOf.contains(each.subject()) != otherMadeOf.contains(each.subject()));
    }
}
