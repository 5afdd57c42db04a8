package io.github.rseq4j.trace.cpu;

import static io.github.rseq4j.machine.Routines.Input.addressOf;
import static io.github.rseq4j.machine.Routines.Input.constant;
import static io.github.rseq4j.machine.Routines.Input.local;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.Routines;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.TraceRing;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Functions with which native code records a tracer's events. They run on any thread of the process, including threads
 * that the JVM does not know, and in signal handlers.
 */
public final class NativeEvents {
    /* How it works
     *
     * Emitted code does what Channel does in Java. It runs the same sections, at the same addresses:
     *
     *   1. It runs COPY, which records the event if the sub-buffer has room. If the record needs a full header, it runs
     *      FULL instead.
     *   2. Otherwise it runs SWITCH, which opens the next sub-buffer, and tries the event again.
     *   3. If the ring is full, it runs DISCARD, which counts the event in the ring.
     *   4. If the CPU has no ring, it runs MISS, which counts the event in the CPU's head. The tracer's thread reads
     *      that count and makes the ring.
     *   5. If the thread is not registered, and rseq4j registers threads, it registers the thread. Then it tries the
     *      event again.
     *
     * The code makes only raw system calls: gettid, and those of a registration. It allocates nothing, takes no lock
     * and preserves errno. So a signal handler may call it at any point, even if it interrupts this code.
     *
     * The thread's number in a record is the kernel's thread id, negated. A handler can find no other number. Java's
     * thread ids are positive, so the two do not collide.
     *
     * The number of tries is limited. After a switch, a try can fail only if other threads have filled the new
     * sub-buffer meanwhile, the thread has migrated to a CPU whose sub-buffer is full, or the section was aborted too
     * often. One word for the whole process counts the events that are given up after the last try, or whose thread
     * cannot be registered.
     */
    /** The number of integer arguments that a C function takes in registers, on every architecture. */
    public static final int MAX_FIELDS = 6;
    private static final int ATTEMPTS = 8;
    private static final int RECORD_LOCALS = 14;
    private static final int CELLS = 0;
    private static final int ID = 1;
    private static final int FROM = 2;
    private static final int BYTES = 3;
    /** The compact header. The store of its thread's number also writes to the local variable after this one. */
    private static final int HEADER = 4;
    private static final int POINTER = 6;
    private static final int TID = 7;
    private static final int SIZE = 8;
    private static final int FUNCTION = 9;
    private static final int STATUS = 10;
    private static final int FULL_SIZE = 11;
    /** The last word of the full header. A store to it also writes to the local variable after it. */
    private static final int NUMBERS = 12;

    private static final int ABORTED = (int) Status.failure(Status.ABORTED, 0);
    private static final int UNREGISTERED = (int) Status.failure(Status.UNREGISTERED, 0);
    private static final int SWITCH = exit(TraceRing.EXIT_SWITCH);
    private static final int WANTS_FULL = exit(TraceRing.EXIT_FULL_HEADER);
    private static final int FULL = exit(TraceRing.EXIT_FULL);
    private static final int CLOSED = exit(TraceRing.EXIT_CLOSED);

    private final NativeEngine engine;
    private final Architecture architecture = Objects.requireNonNull(Architecture.host());
    private final long join;
    private final long lostWord;
    private final long countLost;
    private final long record;
    private final long recordFull;

    /**
     * Emits the code that all events share.
     *
     * @param engine the engine that runs the sections
     * @throws io.github.rseq4j.KernelException when there is no more executable memory
     */
    public NativeEvents(NativeEngine engine) {
        this.engine = engine;
        engine.admit(List.of(TraceRing.COPY, TraceRing.FULL, TraceRing.SWITCH, TraceRing.DISCARD, TraceRing.MISS));
        this.join = engine.joinAddress();
        Label lost = new Label("lost");
        MachineCode counter = engine.code().install(List.of(engine.compiler().routine("count_lost", engine.target(),
                List.of(lost), assembler -> {
                    assembler.increment(lost);
                    assembler.leave(Operand.imm(0));
                }))).getFirst();
        this.countLost = counter.entry();
        this.lostWord = counter.dataAddress();
        this.record = install("record", r -> record(r, true));
        this.recordFull = install("record_full", r -> record(r, false));
    }

    /**
     * The function of one event.
     *
     * @param entry its address: {@code long event(fields ...)}; it returns a negative number if it records nothing
     * @param enabledWord the address of the word that is 0 while the event is disabled
     */
    public record Event(long entry, long enabledWord) {}

    private long install(String name, Consumer<Routines> body) {
        return engine.code().install(List.of(engine.compiler().routines(name, List.of(), body))).getFirst().entry();
    }

    /** Returns the address of the function that records the events of a number. */
    private long recordOf(int id) {
        return id <= PacketLayout.MAX_COMPACT_ID ? record : recordFull;
    }

    private static int exit(int number) {
        return (int) Status.failure(Status.EXIT + number, 0);
    }

    /** Returns the number of events of the whole process that were given up; no ring counts them. */
    public long lost() {
        return RawMemory.getLong(lostWord);
    }

    /**
     * Emits the function of an event. The event is disabled.
     *
     * @param name the function's name
     * @param cells the address of the first head
     * @param id the event's number
     * @param fieldBytes the length of each field: 1, 2, 4 or 8 bytes; at most {@link #MAX_FIELDS} fields
     * @throws io.github.rseq4j.KernelException when there is no more executable memory
     */
    public Event event(String name, long cells, int id, List<Integer> fieldBytes) {
        if (fieldBytes.size() > MAX_FIELDS) {
            throw new IllegalArgumentException("event=" + name + ", fields=" + fieldBytes.size() + ": at most "
                    + MAX_FIELDS);
        }
        Label enabled = new Label("enabled");
        Assembled code = engine.compiler().routines(name, List.of(enabled),
                r -> event(r, enabled, cells, id, fieldBytes));
        MachineCode placed = engine.code().install(List.of(code)).getFirst();
        return new Event(placed.entry(), placed.dataAddress());
    }

    /**
     * Emits a signal handler that records the address of the interrupted instruction: an event with one field of 8
     * bytes. The event is disabled.
     *
     * @param cells the address of the first head
     * @param id the event's number
     * @throws io.github.rseq4j.KernelException when there is no more executable memory
     */
    public Event sampler(long cells, int id) {
        Label enabled = new Label("enabled");
        Assembled code = engine.compiler().routines("sampler", List.of(enabled), r -> {
            int context = 2;
            int pointer = 3;
            int result = 4;
            int buffer = 5;
            Label off = new Label("off");
            r.enter(new Label("sampler"), 3, buffer + 1);
            r.loadWord(result, enabled);
            r.branchIf(result, 0, off);
            r.load(buffer, context, architecture.ucontextPc(), Width.LONG);
            r.set(pointer, constant(recordOf(id)));
            r.callTo(result, pointer, constant(cells), constant(id), addressOf(buffer), constant(Long.BYTES));
            r.bind(off);
            r.leave(result);
        });
        MachineCode placed = engine.code().install(List.of(code)).getFirst();
        return new Event(placed.entry(), placed.dataAddress());
    }

    private void event(Routines r, Label enabled, long cells, int id, List<Integer> fieldBytes) {
        int fields = fieldBytes.size();
        int pointer = fields;
        int result = fields + 1;
        int buffer = fields + 2;
        Label off = new Label("off");
        r.enter(new Label("event"), fields, buffer + MAX_FIELDS + 1);
        r.loadWord(result, enabled);
        r.branchIf(result, 0, off);
        int bytes = 0;
        for (int i = 0; i < fields; i++) {
            // Each store writes a whole word, and overwrites the upper bytes of the field before: in a narrow argument
            // these are undefined.
            r.set(pointer, addressOf(buffer));
            r.add(pointer, bytes);
            r.store(pointer, 0, i, Width.LONG);
            bytes += fieldBytes.get(i);
        }
        r.set(pointer, constant(recordOf(id)));
        r.callTo(result, pointer, constant(cells), constant(id), addressOf(buffer), constant(bytes));
        r.leave(result);
        r.bind(off);
        // The status of a ring that accepts no records.
        r.set(result, constant(CLOSED));
        r.leave(result);
    }

    /**
     * {@code long record(cells, id, from, bytes)}.
     *
     * @param isCompact whether a compact header has room for the event's number
     */
    private void record(Routines r, boolean isCompact) {
        r.enter(new Label("record"), 4, RECORD_LOCALS);
        r.systemCall(TID, SystemCall.GETTID);
        // A compact header has the event's number in its fourth byte, and the thread's in its upper half. Each store
        // writes a whole word, so a later one overwrites what an earlier one wrote too far.
        r.set(HEADER, constant(0));
        store(r, HEADER, PacketLayout.TIME_BITS / Byte.SIZE, ID);
        r.set(SIZE, constant(0));
        r.subtract(SIZE, TID);
        store(r, HEADER, Integer.BYTES, SIZE);
        r.set(NUMBERS, local(ID));
        store(r, NUMBERS, Integer.BYTES, SIZE);
        r.set(SIZE, local(BYTES));
        r.add(SIZE, PacketLayout.RECORD_FIELDS);
        r.set(FULL_SIZE, local(BYTES));
        r.add(FULL_SIZE, PacketLayout.FULL_FIELDS);
        Label lost = new Label("lost");
        for (int i = 0; i < ATTEMPTS; i++) {
            attempt(r, isCompact, i, lost);
        }
        r.bind(lost);
        r.set(FUNCTION, constant(countLost));
        r.callTo(STATUS, FUNCTION);
        r.leave(STATUS);
    }

    /** Stores a local variable's word at an offset in another one, and in the one after that. */
    private static void store(Routines r, int to, int offset, int from) {
        r.set(POINTER, addressOf(to));
        r.add(POINTER, offset);
        r.store(POINTER, 0, from, Width.LONG);
    }

    private void attempt(Routines r, boolean isCompact, int number, Label lost) {
        Label recorded = new Label("recorded_" + number);
        Label failed = new Label("failed_" + number);
        Label full = new Label("full_" + number);
        Label closed = new Label("closed_" + number);
        Label register = new Label("register_" + number);
        Label next = new Label("next_" + number);
        if (isCompact) {
            call(r, engine.entry(TraceRing.COPY), local(CELLS), local(SIZE), local(HEADER), local(FROM), local(BYTES));
            r.branchUnless(STATUS, WANTS_FULL, recorded);
        }
        call(r, engine.entry(TraceRing.FULL), local(CELLS), local(FULL_SIZE), constant(PacketLayout.full(-1)),
                local(NUMBERS), local(FROM), local(BYTES));
        r.bind(recorded);
        r.branchIfNegative(STATUS, failed);
        r.leave(STATUS);
        r.bind(failed);
        r.branchIf(STATUS, UNREGISTERED, register);
        r.branchIf(STATUS, ABORTED, next);
        r.branchUnless(STATUS, SWITCH, lost);
        call(r, engine.entry(TraceRing.SWITCH), local(CELLS), local(FULL_SIZE));
        r.branchIf(STATUS, FULL, full);
        r.branchIf(STATUS, CLOSED, closed);
        r.branchIf(STATUS, UNREGISTERED, register);
        r.branch(next);
        r.bind(full);
        call(r, engine.entry(TraceRing.DISCARD), local(CELLS), constant(1));
        r.branchIf(STATUS, ABORTED, next);
        r.branchIf(STATUS, CLOSED, closed);
        r.branchIfNegative(STATUS, lost);
        r.leave(STATUS);
        r.bind(closed);
        call(r, engine.entry(TraceRing.MISS), local(CELLS), constant(1));
        r.branchIf(STATUS, ABORTED, next);
        r.branchIf(STATUS, UNREGISTERED, register);
        r.branchIfNegative(STATUS, lost);
        r.set(STATUS, constant(CLOSED));
        r.leave(STATUS);
        r.bind(register);
        if (join == 0) {
            r.branch(lost);
        } else {
            call(r, join);
            r.branchIfNegative(STATUS, lost);
        }
        r.bind(next);
    }

    private static void call(Routines r, long function, Routines.Input... inputs) {
        r.set(FUNCTION, constant(function));
        r.callTo(STATUS, FUNCTION, inputs);
    }
}
