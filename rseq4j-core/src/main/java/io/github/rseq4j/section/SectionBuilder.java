package io.github.rseq4j.section;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.proof.SimulationProof;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Composes a restartable section from its steps: loads, arithmetic, comparisons that leave it, stores that nobody looks
 * at yet, and one commit, which is the last step and the only one that others can observe. When the kernel preempts,
 * migrates or interrupts the thread in between, it begins anew.
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
 * <p><b>Several sections</b> run one after the other in one call where {@link #next} begins another one behind a
 * commit. Each is atomic by itself and may run at another index; together they are not. No section may store, before
 * its commit, to a word that another one reads or commits.
 *
 * <p><b>Restarts</b> must not be seen: whatever is read before it is stored to is refused, or said to lie apart by
 * {@link #disjoint}. That is shown from the steps, for all arguments; {@link #build} simulates it besides. There is one
 * limit: a place that <em>another</em> section of the function computes from a word which it loads is not compared.
 * {@link #build} simulates such places, also overlapping ones, but only with arguments and memory that it makes up.
 *
 * <p><b>Misuse</b> is an exception of the method that adds the step, naming step and rule. What only a run of all steps
 * tells is an exception of {@link #build}.
 *
 * <p><b>Restricted.</b> A section reads and writes the memory that its arguments and the words that it loads lead to,
 * without a check: a wrong address damages memory or ends the JVM. So to build one is a restricted operation, as those
 * of {@code java.lang.foreign} are: the module of the class that calls the constructor must have native access
 * ({@code --enable-native-access}, or {@code Enable-Native-Access} in the manifest of the program's jar), or the
 * constructor throws {@link IllegalCallerException}. On the class path, where the JVM grants it to all with a warning
 * when this library first uses it, nothing is to be done. A class that gives its lookup is checked by the JVM as it
 * checks callers of {@code java.lang.foreign}. Where the fallback serves, a section reaches no memory but that of
 * {@code PerCpuItems}, and nothing is checked. Whoever is given a {@link RestartableSection} may call it: hand it to
 * nobody who must not reach memory.
 *
 * <p><b>Threads.</b> A builder is for one thread; what it builds is for all of them.
 *
 * <p>The idea of sections as a language of steps is ours; what the steps are, and that sections are named by them, is
 * librseq's.
 */
public final class SectionBuilder {
    /* How it works
     *
     * Each method makes a step of the intermediate representation (ir.Step), and Draft checks it against the steps
     * before it; the rest is known at the commit, when the section is made. A section is a straight line, so the last
     * read of each temporary is known then, and Temporaries lets temporaries share the machine's.
     *
     * A function returns failures as negative numbers, so a result must not be one: a comparison before the commit
     * leaves the section by an exit that users do not have.
     *
     * Refused: steps that write to a register again other than by arithmetic; a name stands for one value. Temporaries
     * on the stack where more are live than the machine has: a section would write memory that its steps do not name.
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
    /** The exits of a section, from 0. */
    public static final int MAX_EXITS = Completion.NEGATIVE_RESULT;
    /** The most bytes that one copy may move. */
    public static final int MAX_COPY_BYTES = Section.MAX_COPY_BYTES;
    /** The longest delay, in iterations. */
    public static final int MAX_DELAY_ITERATIONS = Section.MAX_DELAY;
    /** How often a call is restarted by itself before Java tries it again, where nothing else is asked. */
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
     * @param name what listings and messages call it: lower case words joined by {@code _}. Two sections may have one
     *     name
     * @param arguments how many longs its function takes, 1 to {@link #MAX_ARGUMENTS}
     * @throws IllegalArgumentException when the name is none or the number is out of range
     * @throws IllegalCallerException when sections reach native memory and the caller's module has no native access
     */
    public SectionBuilder(String name, int arguments) {
        this(arguments, name);
        NativeAccess.require(CALLERS.getCallerClass());
    }

    /**
     * Does the same for the class that a lookup belongs to. Where its module has no native access the JVM does what
     * {@code --illegal-native-access} says: it warns, once for each module, or refuses.
     *
     * @param lookup what {@link MethodHandles#lookup()} returned to the class
     * @param name what listings and messages call it
     * @param arguments how many longs its function takes, 1 to {@link #MAX_ARGUMENTS}
     * @throws IllegalArgumentException when the name is none, the number is out of range, or the lookup has not full
     *     privilege access
     * @throws IllegalCallerException when sections reach native memory and the JVM denies the class's module that
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
     * @param number which one, from 0
     * @return its register, which no step changes
     * @throws IndexOutOfBoundsException when there is no such argument
     */
    public Register argument(int number) {
        if (number < 0 || number >= arguments.length) {
            throw new IndexOutOfBoundsException("section=" + name + ", argument=" + number + ", must be 0 to "
                    + (arguments.length - 1));
        }
        return arguments[number];
    }

    /**
     * {@code fresh = *from}, 8 bytes.
     *
     * @param from where
     * @return a fresh temporary
     */
    public Register load(Place from) {
        return fresh((target, names) -> new Step.Load(target, names.of(from), Width.LONG));
    }

    /**
     * {@code fresh = *from}, 4 bytes as an unsigned number.
     *
     * @param from where
     * @return a fresh temporary
     */
    public Register loadInt(Place from) {
        return fresh((target, names) -> new Step.Load(target, names.of(from), Width.INT));
    }

    /**
     * {@code fresh = address of place}; nothing is read there.
     *
     * @param place where
     * @return a fresh temporary
     */
    public Register address(Place place) {
        return fresh((target, names) -> new Step.Address(target, names.of(place)));
    }

    /**
     * {@code fresh = value}.
     *
     * @param value what it becomes
     * @return a fresh temporary
     */
    public Register move(Value value) {
        return fresh((target, names) -> new Step.Move(target, names.of(value)));
    }

    /**
     * {@code fresh = the processor's time stamp counter}, on the fallback the JVM's nanoseconds; never earlier than
     * what another thread read before what happened before.
     *
     * @return a fresh temporary
     */
    public Register timestamp() {
        return fresh((target, _) -> new Step.Timestamp(target));
    }

    /**
     * {@code *to = value}, 8 bytes, ahead of the commit: nobody may look there before the commit tells them to. A
     * restart stores it again. So it is refused where it may write over what a step before it has read, unless it is
     * what that step has loaded, and over the commit's word; see {@link #disjoint}.
     *
     * @param to where
     * @param value what
     * @return this builder
     */
    public SectionBuilder store(Place to, Value value) {
        return append(names -> new Step.Store(names.of(to), names.of(value), Width.LONG));
    }

    /**
     * {@code *to = value}, 4 bytes, as {@link #store} does.
     *
     * @param to where
     * @param value what
     * @return this builder
     */
    public SectionBuilder storeInt(Place to, Value value) {
        return append(names -> new Step.Store(names.of(to), names.of(value), Width.INT));
    }

    /**
     * {@code target += value}.
     *
     * @param target a temporary
     * @param value what is added
     * @return this builder
     */
    public SectionBuilder add(Register target, Value value) {
        return append(names -> new Step.Add(names.of(target), names.of(value)));
    }

    /**
     * {@code target -= value}.
     *
     * @param target a temporary
     * @param value what is subtracted
     * @return this builder
     */
    public SectionBuilder subtract(Register target, Value value) {
        return append(names -> new Step.Subtract(names.of(target), names.of(value)));
    }

    /**
     * {@code target &= value}.
     *
     * @param target a temporary
     * @param value the bits that are kept
     * @return this builder
     */
    public SectionBuilder and(Register target, Value value) {
        return append(names -> new Step.And(names.of(target), names.of(value)));
    }

    /**
     * Leaves the section when a comparison of 8 bytes holds; it has then committed nothing.
     *
     * @param left one side
     * @param condition the comparison, of unsigned numbers
     * @param right the other side
     * @param exit the exit's number, 0 to {@link #MAX_EXITS} - 1
     * @return this builder
     */
    public SectionBuilder exitIf(Register left, Condition condition, Value right, int exit) {
        return exitIf(left, condition, right, Width.LONG, exit);
    }

    /**
     * Leaves the section when a comparison of the lower 4 bytes holds; it has then committed nothing.
     *
     * @param left one side
     * @param condition the comparison, of unsigned numbers
     * @param right the other side
     * @param exit the exit's number, 0 to {@link #MAX_EXITS} - 1
     * @return this builder
     */
    public SectionBuilder exitIfInt(Register left, Condition condition, Value right, int exit) {
        return exitIf(left, condition, right, Width.INT, exit);
    }

    private SectionBuilder exitIf(Register left, Condition condition, Value right, Width width, int exit) {
        Function<Names, Step> maker = names -> new Step.ExitIf(condition, names.of(left), names.of(right), width,
                exit);
        if (exit < 0 || exit >= MAX_EXITS) {
            throw draft.refused(maker.apply(Register::reg), "exits are 0 to " + (MAX_EXITS - 1));
        }
        return append(maker);
    }

    /**
     * Copies bytes, ahead of the commit, as {@link #store} does. A call with a longer length than the bound throws. The
     * two ranges must be known not to overlap, see {@link #disjoint}.
     *
     * @param to where the first byte goes
     * @param from holds the address of the first byte: a temporary, or one of the first six arguments
     * @param lengthBytes how many: the same
     * @param maxBytes the bound, 1 to {@link #MAX_COPY_BYTES}
     * @return this builder
     */
    public SectionBuilder copy(Place to, Register from, Register lengthBytes, int maxBytes) {
        return append(names -> new Step.Copy(names.of(to), names.of(from), names.of(lengthBytes), maxBytes));
    }

    /**
     * Says that two ranges of bytes do not overlap, and makes the section compare them: a call in which they do commits
     * nothing and throws {@link IllegalArgumentException}. It costs a comparison, or two where a length is a register,
     * 3 to 10 steps. One or two temporaries of its own are live in these steps.
     *
     * <p>A restart must find what the first run found. So a store or a copy ahead of the commit is refused where it may
     * write over what a step before it has read, or over the word of the commit. Places of one base at different
     * displacements are known to lie apart, and so are elements whose number an exit has bounded. All else is said by
     * this method, ahead of the store:
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
     * @param one where the first range begins
     * @param oneBytes how long it is: a constant, 1 to {@link #MAX_COPY_BYTES}, or a register
     * @param other where the second range begins
     * @param otherBytes how long it is: the same. A range of no bytes inside the other one overlaps it
     * @return this builder
     */
    public SectionBuilder disjoint(Place one, Value oneBytes, Place other, Value otherBytes) {
        draft.disjoint(one, oneBytes, other, otherBytes);
        return this;
    }

    /**
     * Spends time inside the section, for tests of what disturbs it. A call with more iterations than the bound throws.
     * On the fallback it takes no time.
     *
     * @param iterations how often it counts down
     * @param maxIterations the bound, 1 to {@link #MAX_DELAY_ITERATIONS}: some hundred microseconds
     * @return this builder
     */
    public SectionBuilder delay(Register iterations, int maxIterations) {
        return append(names -> new Step.Delay(names.of(iterations), maxIterations));
    }

    /**
     * Says what the function returns when this section, which is the last one, has committed; without a result it
     * returns 0. A run whose result would be negative commits nothing and throws: that costs a comparison and a step.
     *
     * @param register an argument, or a temporary, whose value at the commit counts
     * @return this builder
     */
    public SectionBuilder result(Register register) {
        draft.returns(register);
        return this;
    }

    /**
     * {@code *to = value}, 8 bytes, which ends the section.
     *
     * @param to where
     * @param value what
     * @param order the memory order
     * @return this builder
     */
    public SectionBuilder commitStore(Place to, Value value, Order order) {
        return commit(names -> new Step.CommitStore(names.of(to), names.of(value), Width.LONG, order));
    }

    /**
     * {@code *to = value}, 4 bytes, which ends the section.
     *
     * @param to where
     * @param value what
     * @param order the memory order
     * @return this builder
     */
    public SectionBuilder commitStoreInt(Place to, Value value, Order order) {
        return commit(names -> new Step.CommitStore(names.of(to), names.of(value), Width.INT, order));
    }

    /**
     * {@code *to += value}, 8 bytes, which ends the section.
     *
     * @param to where
     * @param value what is added
     * @param order the memory order
     * @return this builder
     */
    public SectionBuilder commitAdd(Place to, Value value, Order order) {
        return commit(names -> new Step.CommitAdd(names.of(to), names.of(value), Width.LONG, order));
    }

    /**
     * {@code *to += value}, 4 bytes, which ends the section.
     *
     * @param to where
     * @param value what is added
     * @param order the memory order
     * @return this builder
     */
    public SectionBuilder commitAddInt(Place to, Value value, Order order) {
        return commit(names -> new Step.CommitAdd(names.of(to), names.of(value), Width.INT, order));
    }

    /**
     * Says how often a call is restarted by itself, in all its sections together, before it returns to Java, which
     * tries what is left of it again. It changes no outcome. Few restarts bound how long a safepoint may wait.
     *
     * @param restarts 0 to 2^20; {@link #DEFAULT_RESTARTS} where nothing is said
     * @return this builder
     */
    public SectionBuilder restarts(int restarts) {
        Rules.range("restarts", restarts, 0, Chain.MAX_RESTARTS);
        this.restarts = restarts;
        return this;
    }

    /**
     * Begins another section of the same function, behind a commit. It has the same arguments, and no temporary of the
     * one before.
     *
     * @return this builder
     * @throws IllegalStateException when the section has no commit yet, or a result, or is the last one there can be
     */
    public SectionBuilder next() {
        draft.requireCommit("next");
        draft.requireNoResult();
        if (sections.size() == MAX_SECTIONS) {
            throw new IllegalStateException("section=" + name + ", sections=" + sections.size()
                    + ": a function has at most " + MAX_SECTIONS);
        }
        draft = new Draft(this, name + "_" + sections.size(), arguments.length);
        return this;
    }

    /**
     * Proves the section and returns it. It is simulated with an abort ahead of every step and of every pair of steps,
     * on memory and arguments that are made up from a fixed seed, moved to another index there or with another call of
     * it happening there, and must have happened exactly once each time. That needs no native access and emits nothing.
     * It takes some milliseconds, in a fresh JVM ten times as many; a section of 64 steps a second, and a chain of
     * hundreds several.
     *
     * @return the section
     * @throws IllegalStateException when the commit is missing; when an operation did not happen exactly once, naming
     *     the steps that were aborted; when no scenario gets to the commit; when an address is neither of an argument
     *     nor of a word that a step loads
     * @throws IllegalArgumentException when a section stores, or may store, to what another one reads or commits; when
     *     displacements and copies make up more than a stride, 1 MiB
     */
    public RestartableSection build() {
        draft.requireCommit("build");
        SimulationProof proof = SimulationProof.of(new Chain(name, arguments.length, restarts, sections), SEED);
        return BuiltSection.of(proof, List.copyOf(disjoint));
    }

    private Register fresh(BiFunction<Reg, Names, Step> maker) {
        return draft.fresh(maker);
    }

    private SectionBuilder append(Function<Names, Step> maker) {
        draft.append(maker);
        return this;
    }

    private SectionBuilder commit(Function<Names, Step> maker) {
        sections.add(draft.commit(maker));
        disjoint.add(draft.disjoint());
        return this;
    }
}
