package io.github.rseq4j.interpreter;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.CommitAddPair;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Imm;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Lowers chains to Java bytecode: the same steps, on {@link PagedMemory}, under a lock for each stripe. It is used
 * where restartable sequences are unavailable.
 */
public final class Fallback {
    /* How it works
     *
     * A chain becomes a static method of a hidden class:
     *
     *   static long run(Fallback f, long a0, ...) {
     *       int index = f.index();  long slot = (long) index << strideShift;  StripeLock lock = f.lock(index);
     *       lock.acquire();
     *       try { steps ...; } finally { try { lock.release(); } catch (Throwable t) { lock.held = 0; } }
     *       return result;                                          // an exit returns its status
     *   }
     *
     * The inner catch is for a stack that overflows at the call of release.
     *
     * If an argument is a segment, the steps that copy from it or to it copy between the segment and the memory. So the
     * segment is only read, or only written, and only in the bytes that the step names, as by emitted code.
     *
     * The handle has the type and the statuses of the emitted function, so packages above need not distinguish the two.
     * A stripe stands for a CPU. A thread keeps to one stripe, which is chosen from its id by Fibonacci hashing (Knuth,
     * The Art of Computer Programming 3, 6.4): threads that were started one after the other get distant stripes.
     *
     * A method with several accesses to memory must not be inlined. Its machine code is larger than C2 inlines
     * (InlineSmallCode, 2,500 bytes), but C2 checks that only if the method was compiled before its caller. Otherwise
     * the caller becomes as large, and is no longer inlined into its own callers; then each lease of a pool was an
     * object. So the bytecode of the method is made longer than C2 inlines (FreqInlineSize), by instructions without
     * effect on a path that only exceptions take. A method with a segment is not made longer: its caller creates the
     * segment for the call, and C2 eliminates the segment only if it inlines the method.
     *
     * An addition to a long is one atomic addition, also under the lock. So a chain that consists of additions needs no
     * lock, if only additions change its words: LoadAddStore and LoadLoadAddStore of counters and histograms. A chain
     * of a user always takes the lock, because it may share a word with other chains of the user, which load and store.
     *
     * Refused: interpreting the steps at each call (Interpreter). It takes several times the limit of 30 ns for a
     * counter. Refused: a LongAdder for each counter. It is not faster, and takes 32 bytes, or some 100 for each
     * processor after threads have collided.
     */
    private static final ClassDesc SELF = ClassDesc.of(Fallback.class.getName());
    private static final ClassDesc LOCK = ClassDesc.of(StripeLock.class.getName());
    private static final ClassDesc MEMORY = ClassDesc.of(PagedMemory.class.getName());
    private static final ClassDesc ARGUMENTS = ClassDesc.of(Arguments.class.getName());
    private static final ClassDesc SEGMENT = ClassDesc.of(MemorySegment.class.getName());
    private static final ClassDesc BUCKETS = ClassDesc.of(HistogramBuckets.class.getName());
    private static final ClassDesc CD_LONG_BOX = ClassDesc.of("java.lang.Long");
    private static final ClassDesc CD_INTEGER_BOX = ClassDesc.of("java.lang.Integer");
    private static final ClassDesc CD_VAR_HANDLE = ClassDesc.of("java.lang.invoke.VarHandle");
    private static final ClassDesc CD_SYSTEM = ClassDesc.of("java.lang.System");
    private static final MethodTypeDesc COMPARE_LONGS = MethodTypeDesc.of(CD_int, CD_long, CD_long);
    private static final MethodTypeDesc COMPARE_INTS = MethodTypeDesc.of(CD_int, CD_int, CD_int);
    private static final long HASH = 0x9E37_79B9_7F4A_7C15L;
    private static final int MAX_STRIPES = 64;
    /** Two accesses, as in a counter's addition, stay below InlineSmallCode; four, as in a histogram's, do not. */
    private static final int MAX_INLINED_ACCESSES = 3;
    /** HotSpot, c2_globals_x86.hpp and c2_globals_aarch64.hpp, FreqInlineSize. */
    private static final int MAX_INLINED_BYTES = 325;

    private final PagedMemory memory = new PagedMemory();
    private final StripeLock[] locks;
    private final int strideShift;

    /**
     * Creates a fallback.
     *
     * @param wanted the number of stripes, which is rounded up to a power of two, and is at most 64
     * @param strideShift the binary logarithm of the distance between two stripes' copies, in bytes
     */
    public Fallback(int wanted, int strideShift) {
        int stripes = Math.min(MAX_STRIPES, Integer.highestOneBit(Math.max(1, wanted * 2 - 1)));
        this.locks = new StripeLock[stripes];
        this.strideShift = strideShift;
        Arrays.setAll(locks, _ -> new StripeLock());
    }

    /** Returns the memory on which the chains work. */
    public PagedMemory memory() {
        return memory;
    }

    /** Returns the number of stripes, a power of two. */
    public int stripes() {
        return locks.length;
    }

    /** Returns the calling thread's stripe. Called by the generated code. */
    public int index() {
        int last = locks.length - 1;
        return (int) (Thread.currentThread().threadId() * HASH >>> Long.numberOfLeadingZeros(last)) & last;
    }

    /** Returns a stripe's lock. Called by the generated code too. */
    public StripeLock lock(int index) {
        return locks[index];
    }

    /** Waits until every chain that was running has ended, by taking the lock of each stripe. */
    public void fence() {
        for (StripeLock lock : locks) {
            // The former holders have ended, and their writes are visible from here on.
            lock.pass();
        }
    }

    /**
     * Lowers a chain.
     *
     * @param chain the chain
     * @return a handle of the emitted function's type, (long, ...)long
     */
    public MethodHandle handle(Chain chain) {
        return lower(chain, Arguments.NONE, true);
    }

    /**
     * Lowers a chain of additions without a lock. The words that it adds to may only be changed by additions.
     *
     * @param chain the chain
     * @return a handle of the emitted function's type, (long, ...)long
     * @throws IllegalArgumentException if the chain does more than load words and add to longs
     */
    public MethodHandle additions(Chain chain) {
        for (Section section : chain.sections()) {
            for (Step step : section.steps()) {
                if (!(step instanceof Step.Load) && !isAddition(step)) {
                    throw new IllegalArgumentException("chain=" + chain.name() + ", step=" + step
                            + ", must be a load or an addition to a long");
                }
            }
        }
        return lower(chain, Arguments.NONE, false);
    }

    private static boolean isAddition(Step step) {
        return step instanceof CommitAddPair || step instanceof Step.CommitAdd commit && commit.width() == Width.LONG;
    }

    /**
     * Lowers a chain with one argument as a segment, from which or to which it copies.
     *
     * @param chain the chain
     * @param segment the number of that argument
     * @return a handle of type (long, ..., MemorySegment, long, ...)long
     * @throws IllegalArgumentException if the chain needs the argument's address
     */
    public MethodHandle handle(Chain chain, int segment) {
        Arguments.checkSegment(chain, segment);
        return lower(chain, segment, true);
    }

    private MethodHandle lower(Chain chain, int segment, boolean isLocked) {
        Class<?>[] parameters = new Class<?>[chain.arguments()];
        Arrays.fill(parameters, long.class);
        if (segment != Arguments.NONE) {
            parameters[segment] = MemorySegment.class;
        }
        MethodType type = MethodType.methodType(long.class, parameters).insertParameterTypes(0, Fallback.class);
        byte[] bytes = ClassFile.of().build(ClassDesc.of(Fallback.class.getPackageName() + ".Lowered"), c -> c
                .withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC)
                .withMethodBody("run", type.describeConstable().orElseThrow(), ClassFile.ACC_STATIC,
                        code -> new Body(code, chain, segment, strideShift, isLocked).write()));
        try {
            MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClass(bytes, true);
            return hidden.findStatic(hidden.lookupClass(), "run", type).bindTo(this);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("chain=" + chain.name() + " cannot be lowered to bytecode", e);
        }
    }

    /** Writes the body of one method. */
    private static final class Body {
        private final CodeBuilder code;
        private final Chain chain;
        private final int segment;
        private final int strideShift;
        private final boolean isLocked;
        private final int memory;
        private final int lock;
        private final int slot;
        private final int temporaries;
        private final int thrown;
        private final Map<Integer, Label> exits = new TreeMap<>();

        Body(CodeBuilder code, Chain chain, int segment, int strideShift, boolean isLocked) {
            this.code = code;
            this.chain = chain;
            this.segment = segment;
            this.strideShift = strideShift;
            this.isLocked = isLocked;
            this.memory = argument(chain.arguments());
            this.lock = memory + 1;
            this.slot = lock + 1;
            this.temporaries = slot + 2;
            this.thrown = temporaries + 2 * Section.MAX_TEMPORARIES;
        }

        /** Returns the local variable of an argument. A long takes two slots, a segment one. */
        private int argument(int number) {
            return 1 + 2 * number - (segment != Arguments.NONE && segment < number ? 1 : 0);
        }

        private boolean isSegment(Reg reg) {
            return segment != Arguments.NONE && reg.equals(Operand.arg(segment));
        }

        void write() {
            if (segment != Arguments.NONE) {
                code.aload(argument(segment));
                code.invokestatic(ARGUMENTS, "requireAccessible", MethodTypeDesc.of(CD_void, SEGMENT));
            }
            code.aload(0).invokevirtual(SELF, "memory", MethodTypeDesc.of(MEMORY)).astore(memory);
            code.aload(0).invokevirtual(SELF, "index", MethodTypeDesc.of(CD_int)).dup();
            code.i2l().loadConstant(strideShift).lshl().lstore(slot);
            code.istore(temporaries).aload(0).iload(temporaries);
            code.invokevirtual(SELF, "lock", MethodTypeDesc.of(LOCK, CD_int)).astore(lock);
            for (int i = 0; i < Section.MAX_TEMPORARIES; i++) {
                code.lconst_0().lstore(temporaries + 2 * i);
            }
            Label start = code.newLabel();
            Label end = code.newLabel();
            Label handler = code.newLabel();
            if (isLocked) {
                code.aload(lock).invokevirtual(LOCK, "acquire", MethodTypeDesc.of(CD_void));
            }
            code.labelBinding(start);
            for (int k = 0; k < chain.sections().size(); k++) {
                section(chain.sections().get(k), k);
            }
            Reg result = chain.sections().getLast().result();
            unlock();
            push(result == null ? Operand.imm(0) : result);
            code.lreturn();
            exits.forEach((key, label) -> {
                code.labelBinding(label);
                unlock();
                code.loadConstant(Status.failure(key & 0xFF, key >>> 8)).lreturn();
            });
            code.labelBinding(end).labelBinding(handler).astore(thrown);
            unlock();
            int count = isKeptOut() ? MAX_INLINED_BYTES : 0;
            for (int i = 0; i < count; i++) {
                code.nop();
            }
            code.aload(thrown).athrow().exceptionCatchAll(start, end, handler);
        }

        private void unlock() {
            if (!isLocked) {
                return;
            }
            Label start = code.newLabel();
            Label end = code.newLabel();
            Label handler = code.newLabel();
            Label done = code.newLabel();
            code.labelBinding(start).aload(lock).invokevirtual(LOCK, "release", MethodTypeDesc.of(CD_void));
            code.labelBinding(end).goto_(done);
            code.labelBinding(handler).pop().aload(lock).iconst_0().putfield(LOCK, "held", CD_int);
            code.labelBinding(done).exceptionCatchAll(start, end, handler);
        }

        private boolean isKeptOut() {
            return segment == Arguments.NONE && chain.sections().stream().flatMap(each -> each.steps().stream())
                    .mapToInt(Body::accesses).sum() > MAX_INLINED_ACCESSES;
        }

        private static int accesses(Step step) {
            return switch (step) {
                case CommitAddPair _, CommitAddDouble _, Step.Copy _ -> 2;
                case Step.CommitAdd _ -> isAddition(step) ? 1 : 2;
                case Step.Load _, Step.Store _, Step.CommitStore _ -> 1;
                case Step.Arithmetic _, Step.Address _, Step.Move _, Step.Timestamp _, Bucket _, Step.ExitIf _,
                        Step.Delay _ -> 0;
            };
        }

        private Label exit(int section, int status) {
            return exits.computeIfAbsent(section << 8 | status, _ -> code.newLabel());
        }

        private void section(Section section, int k) {
            for (Step step : section.steps()) {
                switch (step) {
                    case Step.Load load -> {
                        code.aload(memory);
                        address(load.from());
                        load(load.width());
                        set(load.target());
                    }
                    case Step.Store store -> store(store.to(), store.value(), store.width());
                    case Step.Add add -> {
                        push(add.target());
                        push(add.value());
                        code.ladd();
                        set(add.target());
                    }
                    case Step.Subtract subtract -> {
                        push(subtract.target());
                        push(subtract.value());
                        code.lsub();
                        set(subtract.target());
                    }
                    case Step.And and -> {
                        push(and.target());
                        push(and.value());
                        code.land();
                        set(and.target());
                    }
                    case Step.Address place -> {
                        address(place.place());
                        set(place.target());
                    }
                    case Step.Move move -> {
                        push(move.value());
                        set(move.target());
                    }
                    case Bucket bucket -> bucket(bucket);
                    case Step.ExitIf exit -> exitIf(exit, exit(k, Status.EXIT + exit.exit()));
                    case Step.Copy copy -> copy(copy, exit(k, Status.OUT_OF_RANGE));
                    case Step.Timestamp timestamp -> {
                        code.invokestatic(CD_SYSTEM, "nanoTime", MethodTypeDesc.of(CD_long));
                        set(timestamp.target());
                    }
                    case Step.Delay delay -> limit(delay.iterations(), delay.max(), exit(k, Status.OUT_OF_RANGE));
                    case Step.CommitStore commit -> {
                        order(commit);
                        store(commit.to(), commit.value(), commit.width());
                    }
                    case Step.CommitAdd commit -> {
                        order(commit);
                        add(commit.width() == Width.LONG ? "addLong" : "addInt", commit.to(), commit.value());
                    }
                    case CommitAddPair commit -> {
                        add("addLong", commit.to(), commit.value());
                        add("addLong", commit.to().plus(Long.BYTES), commit.second());
                    }
                    case CommitAddDouble commit -> addDouble(commit);
                }
            }
        }

        private void bucket(Bucket bucket) {
            push(bucket.value());
            code.loadConstant(bucket.significantBits()).invokestatic(BUCKETS, "number",
                    MethodTypeDesc.of(CD_int, CD_long, CD_int));
            code.i2l();
            set(bucket.target());
        }

        private void push(Operand operand) {
            switch (operand) {
                case Imm(long value) -> code.loadConstant(value);
                case Reg reg -> code.lload(reg.isArgument() ? argument(reg.number())
                        : temporaries + 2 * reg.number());
            }
        }

        private void set(Reg reg) {
            code.lstore(temporaries + 2 * reg.number());
        }

        /** Computes an address. A segment counts as 0, so the result is the offset in the segment. */
        private void address(Mem mem) {
            push(isSegment(mem.base()) ? Operand.imm(0) : mem.base());
            if (mem.perCpu()) {
                code.lload(slot).ladd();
            }
            if (mem.index() != null) {
                push(mem.index());
                code.loadConstant((long) mem.scale()).lmul().ladd();
            }
            if (mem.displacementBytes() != 0) {
                code.loadConstant((long) mem.displacementBytes()).ladd();
            }
        }

        private void load(Width width) {
            if (width == Width.LONG) {
                code.invokevirtual(MEMORY, "getLong", MethodTypeDesc.of(CD_long, CD_long));
            } else {
                code.invokevirtual(MEMORY, "getInt", MethodTypeDesc.of(CD_int, CD_long));
                code.invokestatic(CD_INTEGER_BOX, "toUnsignedLong", MethodTypeDesc.of(CD_long, CD_int));
            }
        }

        private void put(Width width) {
            if (width == Width.LONG) {
                code.invokevirtual(MEMORY, "putLong", MethodTypeDesc.of(CD_void, CD_long, CD_long));
            } else {
                code.l2i().invokevirtual(MEMORY, "putInt", MethodTypeDesc.of(CD_void, CD_long, CD_int));
            }
        }

        private void store(Mem to, Operand value, Width width) {
            code.aload(memory);
            address(to);
            push(value);
            put(width);
        }

        /** With a release order, a thread that reads the word without the stripe's lock sees all earlier stores. */
        private void order(Step.Commit commit) {
            if (commit.order() == Order.RELEASE) {
                code.invokestatic(CD_VAR_HANDLE, "releaseFence", MethodTypeDesc.of(CD_void));
            }
        }

        private void addDouble(CommitAddDouble commit) {
            order(commit);
            add("addDouble", commit.to(), commit.value());
        }

        private void add(String method, Mem to, Operand value) {
            code.aload(memory);
            address(to);
            push(value);
            code.invokevirtual(MEMORY, method, MethodTypeDesc.of(CD_void, CD_long, CD_long));
        }

        private void exitIf(Step.ExitIf exit, Label label) {
            boolean ints = exit.width() == Width.INT;
            for (Operand side : List.of(exit.left(), exit.right())) {
                push(side);
                if (ints) {
                    code.l2i();
                }
            }
            code.invokestatic(ints ? CD_INTEGER_BOX : CD_LONG_BOX, "compareUnsigned",
                    ints ? COMPARE_INTS : COMPARE_LONGS);
            switch (exit.condition()) {
                case EQUAL -> code.ifeq(label);
                case NOT_EQUAL -> code.ifne(label);
                case BELOW -> code.iflt(label);
                case ABOVE_OR_EQUAL -> code.ifge(label);
            }
        }

        private void limit(Reg value, long max, Label outOfRange) {
            push(value);
            code.loadConstant(max).invokestatic(CD_LONG_BOX, "compareUnsigned", COMPARE_LONGS).ifgt(outOfRange);
        }

        private void copy(Step.Copy copy, Label outOfRange) {
            limit(copy.lengthBytes(), copy.maxBytes(), outOfRange);
            code.aload(memory);
            if (isSegment(copy.from())) {
                address(copy.to());
                code.aload(argument(segment));
                push(copy.lengthBytes());
                code.invokevirtual(MEMORY, "copyIn", MethodTypeDesc.of(CD_void, CD_long, SEGMENT, CD_long));
                return;
            }
            boolean isOut = isSegment(copy.to().base());
            if (isOut) {
                code.aload(argument(segment));
            }
            address(copy.to());
            push(copy.from());
            push(copy.lengthBytes());
            code.invokevirtual(MEMORY, isOut ? "copyOut" : "copy", isOut
                    ? MethodTypeDesc.of(CD_void, SEGMENT, CD_long, CD_long, CD_long)
                    : MethodTypeDesc.of(CD_void, CD_long, CD_long, CD_long));
        }
    }
}
