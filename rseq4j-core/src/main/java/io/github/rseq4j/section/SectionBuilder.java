package io.github.rseq4j.section;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.proof.SimulationProof;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * Composes a restartable section from steps: loads, arithmetic, comparisons that leave the section, stores to memory
 * that other threads do not read yet, and one commit. The commit is the last step, and the only one that other threads
 * can observe. If the kernel preempts, migrates or interrupts the thread before the commit, the section starts again.
 *
 * {@snippet :
 * import static io.github.rseq4j.section.Place.cell;
 *
 * // Raises the current index's maximum to a value, if it is lower.
 * SectionBuilder steps = new SectionBuilder("percpu_max", 2);
 * Register item = steps.argument(0);
 * Register value = steps.argument(1);
 * Register max = steps.load(cell(item));
 * steps.exitIf(max, Condition.ABOVE_OR_EQUAL, value, 0);
 * steps.commitStore(cell(item), value, Order.RELAXED);
 * RestartableSection section = steps.build();
 * }
 *
 * <p><b>Index.</b> A section works on the copy of its memory that the current index selects: the concurrency id of the
 * thread, or its CPU. Threads that run at one index run one after the other.
 *
 * <p><b>Several sections</b> run one after the other in one call: {@link #next} begins another one after a commit. Each
 * is atomic by itself and may run at another index; together they are not atomic. No section may store, before its
 * commit, to a word that another one reads or commits.
 *
 * <p><b>Restarts.</b> The stores of an aborted run stay in memory, and the restart must read the words that the first
 * run read. So the builder refuses a store to a place that an earlier step may have read, unless {@link #disjoint}
 * compares the places. It decides this from the steps, for all arguments. Only the simulation of {@link #build}, with
 * made-up memory, finds a place that another section of the function computes from a word that it loads.
 *
 * <p><b>Misuse.</b> The method that adds a step throws {@link IllegalArgumentException} when the step breaks a rule.
 * The message names step and rule, and the step is not added. {@link #build} throws for rules that concern all steps.
 *
 * <p><b>Restricted.</b> Building a section needs native access; see the description of the package.
 *
 * <p><b>Threads.</b> One thread at a time may use a builder. Any thread may use the section that it builds.
 *
 * <p>The steps, and the naming of sections by their steps, are librseq's; sections as a language of steps are new here.
 *
 * @since 0.1.0
 */
public final class SectionBuilder {
    /* How it works
     *
     * Each method makes a step of the intermediate representation (ir.Step), and Draft checks it against the steps
     * before it. The commit makes the section. A section has no loops, so the last read of each temporary is then
     * known, and Temporaries lets several temporaries share one of the machine's.
     *
     * A function returns failures as negative numbers, so a result must not be negative. If it is, a comparison before
     * the commit leaves the section by an exit that is reserved for this case.
     *
     * Refused: a second write to a register, except by arithmetic, because a name stands for one value. Refused:
     * temporaries on the stack; a section would write memory that its steps do not name.
     */
    /** The most arguments. */
    public static final int MAX_ARGUMENTS = Chain.MAX_ARGUMENTS;
    /** The most sections of one function. */
    public static final int MAX_SECTIONS = Chain.MAX_SECTIONS;
    /** The most steps of a section; a result takes one of them. */
    public static final int MAX_STEPS = Section.MAX_STEPS;
    /**
     * The most temporaries that are live at once. A temporary is live from the step that returned it to the last step
     * that reads it; a section may have one for each of its steps. A step that makes more of them live is refused.
     */
    public static final int MAX_TEMPORARIES = Section.MAX_TEMPORARIES;
    /** The number of exits of a section; they are numbered from 0. */
    public static final int MAX_EXITS = Completion.NEGATIVE_RESULT;
    /** The most bytes that one copy may move. */
    public static final int MAX_COPY_BYTES = Section.MAX_COPY_BYTES;
    /** The longest delay, in iterations. */
    public static final int MAX_DELAY_ITERATIONS = Section.MAX_DELAY;
    /** The default of {@link #restarts}. */
    public static final int DEFAULT_RESTARTS = Chain.DEFAULT_RESTARTS;

    private static final long SEED = 42;
    private static final StackWalker CALLERS = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    private final String name;
    private final Register[] arguments;
    private final List<Section> sections = new ArrayList<>();
    private final List<List<String>> disjoint = new ArrayList<>();
    private Draft draft;
    private int restarts = DEFAULT_RESTARTS;

    /**
     * Begins a section.
     *
     * @param name its name in listings and messages: lower case words joined by {@code _}. Two sections may have the
     *     same name
     * @param arguments the number of longs that its function takes, 1 to {@link #MAX_ARGUMENTS}
     * @throws IllegalArgumentException when the name is not of that form or the number is out of range
     * @throws IllegalCallerException when the caller's module has no native access; never on the fallback
     */
    public SectionBuilder(String name, int arguments) {
        this(arguments, name);
        NativeAccess.require(CALLERS.getCallerClass());
    }

    /**
     * Begins a section for the class of a lookup. If the module of this class has no native access, the JVM's option
     * {@code --illegal-native-access} decides: the JVM warns, once for each module, or refuses.
     *
     * @param lookup the result of {@link MethodHandles#lookup()} in that class
     * @param name its name in listings and messages: lower case words joined by {@code _}
     * @param arguments the number of longs that its function takes, 1 to {@link #MAX_ARGUMENTS}
     * @throws IllegalArgumentException when the name is not of that form, the number is out of range, or the lookup has
     *     not full privilege access
     * @throws IllegalCallerException when the JVM denies native access to the module; never on the fallback
     */
    public SectionBuilder(MethodHandles.Lookup lookup, String name, int arguments) {
        this(arguments, name);
        NativeAccess.require(lookup);
    }

    private SectionBuilder(int arguments, String name) {
        Rules.checkName(name);
        Rules.range("arguments", arguments, 1, MAX_ARGUMENTS);
        this.name = name;
        this.arguments = new Register[arguments];
        this.draft = new Draft(this, name, arguments);
        for (int i = 0; i < arguments; i++) {
            this.arguments[i] = new Register(this, null, Operand.arg(i));
        }
    }

    /**
     * Returns an argument.
     *
     * @param number the argument's number, 0 to the number of arguments - 1
     * @return its register, which no step changes
     * @throws IndexOutOfBoundsException when the function has no such argument
     */
    public Register argument(int number) {
        if (number < 0 || number >= arguments.length) {
            throw new IndexOutOfBoundsException("section=" + name + ", argument=" + number + ", must be 0 to "
                    + (arguments.length - 1));
        }
        return arguments[number];
    }

    /**
     * Loads 8 bytes: {@code fresh = *from}.
     *
     * @param from the place that is read
     * @return a new temporary
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public Register load(Place from) {
        return draft.fresh((target, names) -> new Step.Load(target, names.of(from), Width.LONG));
    }

    /**
     * Loads 4 bytes, as an unsigned number: {@code fresh = *from}.
     *
     * @param from the place that is read
     * @return a new temporary
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public Register loadInt(Place from) {
        return draft.fresh((target, names) -> new Step.Load(target, names.of(from), Width.INT));
    }

    /**
     * Computes an address: {@code fresh = address of place}. The step does not read the memory there.
     *
     * @param place the place
     * @return a new temporary
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public Register address(Place place) {
        return draft.fresh((target, names) -> new Step.Address(target, names.of(place)));
    }

    /**
     * Copies a value: {@code fresh = value}.
     *
     * @param value the value
     * @return a new temporary
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public Register move(Value value) {
        return draft.fresh((target, names) -> new Step.Move(target, names.of(value)));
    }

    /**
     * Reads the processor's time stamp counter; on the fallback, {@link System#nanoTime()}. The counter is read after
     * all earlier steps, so its value is never less than one that another thread read before.
     *
     * @return a new temporary, in ticks of the counter
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public Register timestamp() {
        return draft.fresh((target, _) -> new Step.Timestamp(target));
    }

    /**
     * Stores 8 bytes before the commit: {@code *to = value}. No other thread may read the place before the commit lets
     * it. A restart repeats the store. So the step is refused if it may overwrite the word of the commit, or a place
     * that an earlier step has read, unless it stores the same word that was loaded there; see {@link #disjoint}.
     *
     * @param to the place that is written
     * @param value the value
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder store(Place to, Value value) {
        return append(names -> new Step.Store(names.of(to), names.of(value), Width.LONG));
    }

    /**
     * Stores 4 bytes before the commit, under the rules of {@link #store}: {@code *to = value}.
     *
     * @param to the place that is written
     * @param value the value, of which the lower 4 bytes are stored
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder storeInt(Place to, Value value) {
        return append(names -> new Step.Store(names.of(to), names.of(value), Width.INT));
    }

    /**
     * Adds to a temporary: {@code target += value}.
     *
     * @param target the temporary
     * @param value the value that is added
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder add(Register target, Value value) {
        return append(names -> new Step.Add(names.of(target), names.of(value)));
    }

    /**
     * Subtracts from a temporary: {@code target -= value}.
     *
     * @param target the temporary
     * @param value the value that is subtracted
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder subtract(Register target, Value value) {
        return append(names -> new Step.Subtract(names.of(target), names.of(value)));
    }

    /**
     * Clears bits of a temporary: {@code target &= value}.
     *
     * @param target the temporary
     * @param value the bits that are kept
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder and(Register target, Value value) {
        return append(names -> new Step.And(names.of(target), names.of(value)));
    }

    /**
     * Leaves the section if a comparison of 8 bytes holds. The section has then committed nothing.
     *
     * @param left the left word
     * @param condition the comparison, of unsigned numbers
     * @param right the right word
     * @param exit the exit's number, 0 to {@link #MAX_EXITS} - 1
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder exitIf(Register left, Condition condition, Value right, int exit) {
        draft.exitIf(left, condition, right, Width.LONG, exit);
        return this;
    }

    /**
     * Leaves the section if a comparison of the lower 4 bytes holds. The section has then committed nothing.
     *
     * @param left the left word
     * @param condition the comparison, of unsigned numbers
     * @param right the right word
     * @param exit the exit's number, 0 to {@link #MAX_EXITS} - 1
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder exitIfInt(Register left, Condition condition, Value right, int exit) {
        draft.exitIf(left, condition, right, Width.INT, exit);
        return this;
    }

    /**
     * Copies bytes before the commit, under the rules of {@link #store}. A call with a length above the bound throws.
     * The two ranges must be known not to overlap; see {@link #disjoint}.
     *
     * @param to the place of the first byte that is written
     * @param from the register with the address of the first byte: a temporary, or one of the first six arguments
     * @param lengthBytes the register with the number of bytes: a temporary, or one of the first six arguments
     * @param maxBytes the bound, 1 to {@link #MAX_COPY_BYTES}
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder copy(Place to, Register from, Register lengthBytes, int maxBytes) {
        return append(names -> new Step.Copy(names.of(to), names.of(from), names.of(lengthBytes), maxBytes));
    }

    /**
     * States that two ranges of bytes do not overlap. The section compares them: if they overlap in a call, it commits
     * nothing and the call throws {@link IllegalArgumentException}. The comparison takes 3 to 10 steps, with one or two
     * more live temporaries; a length in a register needs two comparisons.
     *
     * <p>The builder finds without this method that places of one base at different displacements are disjoint, and so
     * are elements whose number an exit has bounded. For other places, call it before the store or the copy:
     *
     * {@snippet :
     * // Notes the last value of (item) in a word of (log), which the caller might give the same address.
     * Register last = steps.load(cell(item));
     * steps.add(last, constant(1));
     * steps.disjoint(cell(log), constant(8), cell(item), constant(8));
     * steps.store(cell(log), last);
     * steps.commitStore(cell(item), last, Order.RELAXED);
     * }
     *
     * @param one the place of the first byte of one range
     * @param oneBytes its length in bytes: a constant, 1 to {@link #MAX_COPY_BYTES}, or a register
     * @param other the place of the first byte of the other range
     * @param otherBytes its length in bytes, as {@code oneBytes}; an empty range inside the other range overlaps it
     * @return this builder
     * @throws IllegalArgumentException when one of the steps breaks a rule; none of them is then added
     */
    public SectionBuilder disjoint(Place one, Value oneBytes, Place other, Value otherBytes) {
        draft.disjoint(one, oneBytes, other, otherBytes);
        return this;
    }

    /**
     * Spends time inside the section, for tests. A call with more iterations than the bound throws. On the fallback the
     * step takes no time.
     *
     * @param iterations the register with the number of iterations
     * @param maxIterations the bound, 1 to {@link #MAX_DELAY_ITERATIONS}, which take some hundred microseconds
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder delay(Register iterations, int maxIterations) {
        return append(names -> new Step.Delay(names.of(iterations), maxIterations));
    }

    /**
     * Sets the value of the call's result, in the last section, before its commit. By default the value is 0. If the
     * value is negative, this section commits nothing and the call throws {@link ArithmeticException}. The check takes
     * one comparison, and is one step.
     *
     * @param register an argument, or a temporary, whose content at the commit is the value
     * @return this builder
     * @throws IllegalArgumentException when the section has a result or a commit already
     */
    public SectionBuilder result(Register register) {
        draft.returns(register);
        return this;
    }

    /**
     * Ends the section with a store of 8 bytes: {@code *to = value}.
     *
     * @param to the place that is written
     * @param value the value
     * @param order the memory order
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder commitStore(Place to, Value value, Order order) {
        return commit(order, names -> new Step.CommitStore(names.of(to), names.of(value), Width.LONG, order));
    }

    /**
     * Ends the section with a store of 4 bytes: {@code *to = value}.
     *
     * @param to the place that is written
     * @param value the value
     * @param order the memory order
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder commitStoreInt(Place to, Value value, Order order) {
        return commit(order, names -> new Step.CommitStore(names.of(to), names.of(value), Width.INT, order));
    }

    /**
     * Ends the section with an addition to 8 bytes: {@code *to += value}.
     *
     * @param to the place that is written
     * @param value the value that is added
     * @param order the memory order
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder commitAdd(Place to, Value value, Order order) {
        return commit(order, names -> new Step.CommitAdd(names.of(to), names.of(value), Width.LONG, order));
    }

    /**
     * Ends the section with an addition to 4 bytes: {@code *to += value}.
     *
     * @param to the place that is written
     * @param value the value that is added
     * @param order the memory order
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder commitAddInt(Place to, Value value, Order order) {
        return commit(order, names -> new Step.CommitAdd(names.of(to), names.of(value), Width.INT, order));
    }

    /**
     * Ends the section with an addition of doubles: {@code *to += value}, rounded to nearest.
     *
     * @param to the place of 8 bytes that is written
     * @param value the bits of the double that is added, as from {@link Double#doubleToRawLongBits}
     * @param order the memory order
     * @return this builder
     * @throws IllegalArgumentException when the step breaks a rule
     */
    public SectionBuilder commitAddDouble(Place to, Value value, Order order) {
        return commit(order, names -> new CommitAddDouble(names.of(to), names.of(value), order));
    }

    /**
     * Sets the number of restarts, in all sections together, after which the emitted code returns to Java. Java then
     * repeats the rest, so the outcome is the same. Few restarts bound the time for which a call delays a safepoint.
     *
     * @param restarts the number, 0 to 2^20; {@link #DEFAULT_RESTARTS} by default
     * @return this builder
     * @throws IllegalArgumentException when the number is out of range
     */
    public SectionBuilder restarts(int restarts) {
        Rules.range("restarts", restarts, 0, Chain.MAX_RESTARTS);
        this.restarts = restarts;
        return this;
    }

    /**
     * Begins another section of the same function, after a commit. The new section has the same arguments, and
     * temporaries of its own.
     *
     * @return this builder
     * @throws IllegalStateException when the section has no commit yet, or has a result, or is the last one that a
     *     function may have
     */
    public SectionBuilder next() {
        draft.requireNext(name, sections.size());
        draft = new Draft(this, name + "_" + sections.size(), arguments.length);
        return this;
    }

    /**
     * Proves the section and returns it. The proof simulates the section on made-up memory and arguments, from a fixed
     * seed. It aborts the section before every step and every pair of steps, at the same index, at another one, and
     * with another call in between; the operation must happen exactly once each time. It needs no native access and
     * emits no code. It takes milliseconds, ten times as long in a fresh JVM, and a second for a section of 64 steps.
     *
     * @return the section
     * @throws IllegalStateException when the commit is missing; when an operation did not happen exactly once (the
     *     message has the aborted steps); when no made-up call reaches the commit; when an address comes neither from
     *     an argument nor from a word that a step loads
     * @throws IllegalArgumentException when a section stores, or may store, to a place that another one reads or
     *     commits; when displacements and copies together are longer than a stride, 1 MiB
     */
    public RestartableSection build() {
        draft.requireCommit("build");
        SimulationProof proof = SimulationProof.of(new Chain(name, arguments.length, restarts, sections), SEED);
        return BuiltSection.of(proof, List.copyOf(disjoint));
    }

    private SectionBuilder append(Function<Names, Step> maker) {
        draft.append(maker);
        return this;
    }

    private SectionBuilder commit(Order order, Function<Names, Step> maker) {
        Objects.requireNonNull(order, "order");
        sections.add(draft.commit(maker));
        disjoint.add(draft.disjoint());
        return this;
    }
}
