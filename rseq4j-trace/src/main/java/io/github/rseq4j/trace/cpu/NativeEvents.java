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

/**
 * Functions that record a tracer's events for native code: on any thread of the process, also one that the JVM has
 * never seen, and in signal handlers.
 */
public final class NativeEvents {
    /* How it works
     *
     * What Java does around an event's section is done here by emitted code: a thread without a registration is given
     * one where that is for us to do; what finds no room opens the next sub-buffer, or is counted. The sections are
     * those of Java, at the same addresses. The code makes raw system calls alone (gettid, and what registering takes),
     * allocates nothing, takes no lock and leaves errno alone: so a signal's handler may call it wherever it comes,
     * also inside of itself.
     *
     * The thread's number is the kernel's, made negative: there is no other that a handler could ask for, and Java's
     * are positive.
     *
     * Where there is no ring none can be made here: that is counted at the CPU's head, and who makes rings looks there.
     *
     * A function tries again a few times only: each time that it is not recorded for another reason than a full ring,
     * some other thread has recorded a whole sub-buffer on the same CPU in between. What is given up then, as what
     * comes on a thread that cannot be registered, is counted in one word for the whole process.
     */
    /** How many integer arguments a C function takes in registers, on every architecture. */
    public static final int MAX_FIELDS = 6;
    private static final int ATTEMPTS = 8;
    private static final int TID_OFFSET = 2;
    private static final int RECORD_LOCALS = 12;
    private static final int CELLS = 0;
    private static final int ID = 1;
    private static final int FROM = 2;
    private static final int BYTES = 3;
    /** The one behind it is what is written beyond it. */
    private static final int WORD = 4;
    private static final int POINTER = 6;
    private static final int TID = 7;
    private static final int SIZE = 8;
    private static final int FUNCTION = 9;
    private static final int STATUS = 10;

    private static final int ABORTED = (int) Status.failure(Status.ABORTED, 0);
    private static final int UNREGISTERED = (int) Status.failure(Status.UNREGISTERED, 0);
    private static final int SWITCH = exit(TraceRing.EXIT_SWITCH);
    private static final int FULL = exit(TraceRing.EXIT_FULL);
    private static final int CLOSED = exit(TraceRing.EXIT_CLOSED);

    private final NativeEngine engine;
    private final Architecture architecture = Objects.requireNonNull(Architecture.host());
    private final long join;
    private final long lostWord;
    private final long countLost;
    private final long record;

    /**
     * Emits what all events share.
     *
     * @param engine runs the sections
     * @throws io.github.rseq4j.KernelException when there is no more executable memory
     */
    public NativeEvents(NativeEngine engine) {
        this.engine = engine;
        engine.admit(List.of(TraceRing.COPY, TraceRing.SWITCH, TraceRing.DISCARD, TraceRing.MISS));
        this.join = engine.joinAddress();
        Label lost = new Label("lost");
        MachineCode counter = engine.code().install(List.of(engine.compiler().routine("count_lost", engine.target(),
                List.of(lost), assembler -> {
                    assembler.increment(lost);
                    assembler.leave(Operand.imm(0));
                }))).getFirst();
        this.countLost = counter.entry();
        this.lostWord = counter.dataAddress();
        this.record = engine.code().install(List.of(engine.compiler().routines("record", List.of(), this::record)))
                .getFirst().entry();
    }

    /**
     * A function of one event.
     *
     * @param entry its address: {@code long event(fields ...)}; it returns a negative number when nothing is recorded
     * @param enabledWord the address of the word that is 0 while it records nothing
     */
    public record Event(long entry, long enabledWord) {}

    private static int exit(int number) {
        return (int) Status.failure(Status.EXIT + number, 0);
    }

    /** Returns how many events of the whole process were given up, and are in no ring's count. */
    public long lost() {
        return RawMemory.getLong(lostWord);
    }

    /**
     * Emits the function of an event; it records nothing yet.
     *
     * @param name what it is called
     * @param cells the rings' heads
     * @param id the event's number
     * @param fieldBytes how long each field is: 1, 2, 4 or 8 bytes; at most {@link #MAX_FIELDS}
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
     * Emits a signal's handler that records where the thread was interrupted: an event of one field of 8 bytes. It
     * records nothing yet.
     *
     * @param cells the rings' heads
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
            r.set(pointer, constant(record));
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
            // Whole words, each over what the one before has too much: the upper part of a narrow argument is anything.
            r.set(pointer, addressOf(buffer));
            r.add(pointer, bytes);
            r.store(pointer, 0, i, Width.LONG);
            bytes += fieldBytes.get(i);
        }
        r.set(pointer, constant(record));
        r.callTo(result, pointer, constant(cells), constant(id), addressOf(buffer), constant(bytes));
        r.leave(result);
        r.bind(off);
        // As of a ring that takes nothing.
        r.set(result, constant(CLOSED));
        r.leave(result);
    }

    /** {@code long record(cells, id, from, bytes)}. */
    private void record(Routines r) {
        r.enter(new Label("record"), 4, RECORD_LOCALS);
        r.systemCall(TID, SystemCall.GETTID);
        // The number of the event in the lower 16 bits of a word, the thread's in the others: one over the other.
        r.set(WORD, local(ID));
        r.set(POINTER, addressOf(WORD));
        r.add(POINTER, TID_OFFSET);
        r.set(SIZE, constant(0));
        r.subtract(SIZE, TID);
        r.store(POINTER, 0, SIZE, Width.LONG);
        r.set(SIZE, local(BYTES));
        r.add(SIZE, PacketLayout.RECORD_FIELDS);
        Label lost = new Label("lost");
        for (int i = 0; i < ATTEMPTS; i++) {
            attempt(r, i, lost);
        }
        r.bind(lost);
        r.set(FUNCTION, constant(countLost));
        r.callTo(STATUS, FUNCTION);
        r.leave(STATUS);
    }

    private void attempt(Routines r, int number, Label lost) {
        Label failed = new Label("failed_" + number);
        Label full = new Label("full_" + number);
        Label closed = new Label("closed_" + number);
        Label register = new Label("register_" + number);
        Label next = new Label("next_" + number);
        call(r, engine.entry(TraceRing.COPY), local(CELLS), local(SIZE), local(WORD), local(FROM), local(BYTES));
        r.branchIfNegative(STATUS, failed);
        r.leave(STATUS);
        r.bind(failed);
        r.branchIf(STATUS, UNREGISTERED, register);
        r.branchIf(STATUS, ABORTED, next);
        r.branchUnless(STATUS, SWITCH, lost);
        call(r, engine.entry(TraceRing.SWITCH), local(CELLS), local(SIZE));
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
