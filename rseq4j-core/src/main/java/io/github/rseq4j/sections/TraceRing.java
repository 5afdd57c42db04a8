package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Condition;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Order;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The rings of a tracer: an event is one section, from the clock to the commit. Each CPU has a ring of sub-buffers, the
 * state that tells where it stands, and a head of words that sections trust.
 *
 * <pre>
 *   head (the cells), in memory of this process alone:
 *     base        the ring's address
 *     limit       how far a sub-buffer may be filled, or 0: the ring takes nothing, and base is not looked at
 *     sub mask    the size of a sub-buffer, less 1
 *     ring mask   the size of the ring, less 1
 *     window      how far the open sub-buffer may begin behind what was consumed, when another one is to be opened
 *     missed      how many events found no ring, of who cannot have one made
 *
 *   state, right ahead of the ring, in memory that outlives the process:
 *     position    the end of the last record, counted in bytes since the beginning; sections alone write it
 *     last        the time of the last record, or of one that was not committed
 *     discarded   how many events found no room
 *     consumed    how much was given free, in bytes since the beginning; the consumer alone writes it
 *
 *   a sub-buffer:
 *     | packet header and context | record | record ... | left over |
 * </pre>
 *
 * <p>Memory that outlives the process may be written by others. So nothing that is read there is an address, or a part
 * of one before a mask of the head has cut it: whatever position says, a record lies inside of one sub-buffer of the
 * ring. Who writes there garbles what is recorded, and nothing else.
 *
 * <p>All that tells where a record goes comes from position, the one word that a section commits. A record begins at a
 * multiple of 8 and does not cross into another sub-buffer. What does not fit leaves by an exit, and whoever called
 * runs {@link #SWITCH}, which closes the sub-buffer, opens the next one and commits the first position in it; then the
 * event is tried again. A sub-buffer is never filled to its last byte, so a position tells for sure which one it is in.
 *
 * <p>A signal's handler that records an event aborts the section that it interrupts, which begins anew behind it: no
 * order of nested reserving and committing is to be kept. That is what LTTng-UST's ring buffer (Desnoyers), after which
 * the rest is, needs two atomic counters of each sub-buffer for.
 *
 * <p>Rings go by the CPU's number, not by the concurrency id: a timeline is of CPUs.
 */
public final class TraceRing {
    /** Offset of base in a head, in bytes. */
    public static final int BASE = 0;
    /** Offset of limit in a head, in bytes. */
    public static final int LIMIT = Long.BYTES;
    /** Offset of the sub-buffers' mask in a head, in bytes. */
    public static final int SUB_MASK = 2 * Long.BYTES;
    /** Offset of the ring's mask in a head, in bytes. */
    public static final int RING_MASK = 3 * Long.BYTES;
    /** Offset of window in a head, in bytes. */
    public static final int WINDOW = 4 * Long.BYTES;
    /** Offset of missed in a head, in bytes. */
    public static final int MISSED = 5 * Long.BYTES;
    /** The size of a head, in bytes. */
    public static final int HEAD_BYTES = 8 * Long.BYTES;

    /** Offset of position in the state, in bytes. */
    public static final int POSITION = 0;
    /** Offset of last in the state, in bytes. */
    public static final int LAST = Long.BYTES;
    /** Offset of discarded in the state, in bytes. */
    public static final int DISCARDED = 2 * Long.BYTES;
    /** Offset of consumed in the state: on a cache line that the consumer may take from the ring's CPU. */
    public static final int CONSUMED = 16 * Long.BYTES;
    /** The size of the state, in bytes: so far ahead of the ring it begins. */
    public static final int STATE_BYTES = 24 * Long.BYTES;

    /** Offset of timestamp_begin in a sub-buffer, in bytes. */
    public static final int TIMESTAMP_BEGIN = 32;
    /** Offset of timestamp_end in a sub-buffer, in bytes. */
    public static final int TIMESTAMP_END = 40;
    /** Offset of the content's size in a sub-buffer, which is kept in bytes. */
    public static final int CONTENT_BYTES = 48;
    /** Offset, in a sub-buffer, of the position that it begins at: written ahead of all else when it is opened. */
    public static final int BEGIN = 64;
    /** Offset of events_discarded in a sub-buffer, in bytes. */
    public static final int EVENTS_DISCARDED = 72;
    /** Offset of the first record in a sub-buffer, in bytes. */
    public static final int RECORDS = 88;
    /** What a record has ahead of its fields, in bytes: the time, and the word of event and thread. */
    public static final int RECORD_HEADER = 2 * Long.BYTES;

    /** An event's exit when the sub-buffer has no room for it, or the ring takes nothing. */
    public static final int EXIT_SWITCH = 0;
    /** An event's exit when the time that it was given is before the last record's. */
    public static final int EXIT_EARLY = 1;
    /** A switch's exit when there is room, so that none is needed. */
    public static final int EXIT_ROOM = 0;
    /** A switch's exit when the ring is full of what was not consumed. */
    public static final int EXIT_FULL = 1;
    /** The exit of a switch, and of what counts discarded events, when the ring takes nothing. */
    public static final int EXIT_CLOSED = 2;

    /** A switch's exit when the time that it was given is before the last record's. */
    public static final int EXIT_SWITCH_EARLY = 3;

    /** Where the time of a record comes from. */
    private enum Time {
        ORDERED(""), UNORDERED("_unordered"), GIVEN("_timed");

        private final String name;

        Time(String name) {
            this.name = name;
        }
    }

    private static final Reg CELLS = arg(0);
    private static final Reg SIZE = arg(1);
    private static final Reg HEADER = arg(2);

    /**
     * Events of up to 1, 2, 4 and 8 words of fields: the cells, the record's size in bytes, the word of event and
     * thread, and the words. The time is the processor's, which is not earlier than that of what happened before.
     */
    public static final List<Chain> EVENTS = events(Time.ORDERED);
    /** The same, whose time may be earlier than that of what happened before on another CPU. */
    public static final List<Chain> UNORDERED_EVENTS = events(Time.UNORDERED);
    /** The same, with the time as the last argument, for machines on which the processor's is not to be relied on. */
    public static final List<Chain> TIMED_EVENTS = events(Time.GIVEN);
    /**
     * An event whose fields are copied: the cells, the record's size in bytes, the word of event and thread, where the
     * fields are, and how many bytes.
     */
    public static final Chain COPY = copy(Time.ORDERED);
    /** The same, whose time may be earlier than that of what happened before on another CPU. */
    public static final Chain UNORDERED_COPY = copy(Time.UNORDERED);
    /** The same, with the time as the last argument. */
    public static final Chain TIMED_COPY = copy(Time.GIVEN);
    /** Closes a sub-buffer and opens the next one: the cells, and how many bytes a record needs. */
    public static final Chain SWITCH = switching(false);
    /** The same, with the time as the last argument. */
    public static final Chain TIMED_SWITCH = switching(true);
    /**
     * Counts events that found no room: the cells, and how many. Who found the ring of one CPU full may be on another
     * one by then, that has no ring, in whose place nobody would ever read the count.
     */
    public static final Chain DISCARD = Chain.of(2, new Section("trace_discard_relaxed", List.of(
            load(temp(0), LIMIT),
            exit(EXIT_CLOSED, temp(0), Condition.EQ, imm(0)),
            load(temp(1), BASE),
            new Step.CommitAdd(state(temp(1), DISCARDED), arg(1), Width.LONG, Order.RELAXED)), null))
            .by(Index.CPU_ID);
    /** Counts events that found no ring, where none can be made at once: the cells, and how many. */
    public static final Chain MISS = Chain.of(2, new Section("trace_miss_relaxed", List.of(
            new Step.CommitAdd(head(MISSED), arg(1), Width.LONG, Order.RELAXED)), null)).by(Index.CPU_ID);

    /** What holds of each section: the heads are cells, and rings are memory of their own. */
    private static List<Assumption> layout() {
        return List.of(Assumption.apart(head(BASE), "no head and no field of an event lies in a ring"),
                Assumption.apart(head(RING_MASK), "sub-buffers lie behind the ring's own words"),
                Assumption.apart(CELLS, "no field of an event lies in a head"),
                Assumption.stable(head(BASE), "it is written before the ring takes anything, and never again"),
                Assumption.settled(state(temp(3), LAST),
                        "it holds the time that the restart compares with it, which is not before itself"));
    }

    private TraceRing() {}

    /** Returns every chain. */
    static List<Chain> all() {
        List<Chain> all = new ArrayList<>(EVENTS);
        all.addAll(UNORDERED_EVENTS);
        all.addAll(TIMED_EVENTS);
        all.addAll(List.of(COPY, UNORDERED_COPY, TIMED_COPY, SWITCH, TIMED_SWITCH, DISCARD, MISS));
        return all;
    }

    private static List<Chain> events(Time time) {
        return Stream.of(1, 2, 4, 8).map(words -> event(words, time)).toList();
    }

    private static Chain event(int words, Time time) {
        int first = HEADER.number() + 1;
        List<Step> steps = new ArrayList<>(reserve(imm(RECORD_HEADER + (long) words * Long.BYTES)));
        steps.addAll(check(time, first + words));
        steps.addAll(stamp(time, first + words));
        for (int i = 0; i < words; i++) {
            steps.add(store(Mem.at(temp(2), RECORD_HEADER + i * Long.BYTES), arg(first + i)));
        }
        return chain("trace_event_" + words, time, first + words, steps);
    }

    private static Chain copy(Time time) {
        Reg from = arg(3);
        Reg length = arg(4);
        List<Step> steps = new ArrayList<>(reserve(SIZE));
        steps.addAll(check(time, 5));
        steps.add(new Step.Copy(Mem.at(temp(2), RECORD_HEADER), from, length, Section.MAX_COPY_BYTES));
        steps.addAll(stamp(time, 5));
        return chain("trace_event_memcpy", time, 5, steps);
    }

    /** Leaves the record's start in t0, its address in t2, and the ring's in t3. */
    private static List<Step> reserve(Operand needBytes) {
        return List.of(
                load(temp(2), LIMIT),
                exit(EXIT_SWITCH, temp(2), Condition.EQ, imm(0)),
                load(temp(3), BASE),
                loadState(temp(0), temp(3), POSITION),
                new Step.Add(temp(0), imm(Long.BYTES - 1)),
                new Step.And(temp(0), imm(-Long.BYTES)),
                load(temp(1), SUB_MASK),
                new Step.And(temp(1), temp(0)),
                new Step.Add(temp(1), needBytes),
                exit(EXIT_SWITCH, temp(2), Condition.BELOW, temp(1)),
                load(temp(1), RING_MASK),
                new Step.And(temp(1), temp(0)),
                new Step.Address(temp(2), behind(temp(3), temp(1))));
    }

    private static List<Step> check(Time from, int argument) {
        return from == Time.GIVEN ? List.of(loadState(temp(1), temp(3), LAST),
                exit(EXIT_EARLY, arg(argument), Condition.BELOW, temp(1))) : List.of();
    }

    private static List<Step> stamp(Time from, int argument) {
        boolean isGiven = from == Time.GIVEN;
        Reg time = isGiven ? arg(argument) : temp(1);
        List<Step> steps = new ArrayList<>(isGiven ? List.of()
                : List.of(new Step.Timestamp(time, from == Time.ORDERED)));
        steps.add(store(state(temp(3), LAST), time));
        steps.add(store(Mem.at(temp(2), 0), time));
        steps.add(store(Mem.at(temp(2), Long.BYTES), HEADER));
        return steps;
    }

    private static Chain chain(String name, Time time, int arguments, List<Step> steps) {
        List<Step> all = new ArrayList<>(steps);
        all.add(new Step.Add(temp(0), SIZE));
        all.add(new Step.CommitStore(state(temp(3), POSITION), temp(0), Width.LONG, Order.RELEASE));
        return Chain.of(arguments + (time == Time.GIVEN ? 1 : 0),
                new Section(name + time.name + "_release", all, null, layout())).by(Index.CPU_ID);
    }

    private static Chain switching(boolean isTimed) {
        List<Step> steps = new ArrayList<>(List.of(
                load(temp(2), LIMIT),
                exit(EXIT_CLOSED, temp(2), Condition.EQ, imm(0)),
                load(temp(3), BASE),
                loadState(temp(0), temp(3), POSITION),
                new Step.Move(temp(1), temp(0)),
                new Step.Add(temp(1), imm(Long.BYTES - 1)),
                new Step.And(temp(1), imm(-Long.BYTES)),
                load(temp(3), SUB_MASK),
                new Step.And(temp(1), temp(3)),
                new Step.Add(temp(1), arg(1)),
                exit(EXIT_ROOM, temp(2), Condition.ABOVE_OR_EQUAL, temp(1)),
                // From here on t1 is the content's size, and t2 where the sub-buffer begins.
                new Step.Move(temp(1), temp(3)),
                new Step.And(temp(1), temp(0)),
                new Step.Move(temp(2), temp(0)),
                new Step.Subtract(temp(2), temp(1)),
                load(temp(3), BASE),
                loadState(temp(0), temp(3), CONSUMED),
                new Step.Move(temp(3), temp(2)),
                new Step.Subtract(temp(3), temp(0)),
                load(temp(0), WINDOW),
                exit(EXIT_FULL, temp(0), Condition.BELOW, temp(3))));
        steps.addAll(close());
        steps.addAll(isTimed ? List.of(loadState(temp(3), temp(3), LAST), new Step.Move(temp(1), arg(2)),
                exit(EXIT_SWITCH_EARLY, temp(1), Condition.BELOW, temp(3))) : List.of(new Step.Timestamp(temp(1))));
        steps.add(load(temp(3), BASE));
        steps.add(store(state(temp(3), LAST), temp(1)));
        steps.add(store(Mem.at(temp(0), TIMESTAMP_END), temp(1)));
        steps.addAll(open());
        return Chain.of(isTimed ? 3 : 2, new Section("trace_switch" + (isTimed ? "_timed" : "") + "_release", steps,
                null, layout())).by(Index.CPU_ID);
    }

    private static List<Step> close() {
        List<Step> steps = new ArrayList<>(subBuffer());
        steps.add(store(Mem.at(temp(0), CONTENT_BYTES), temp(1)));
        steps.add(loadState(temp(1), temp(3), DISCARDED));
        steps.add(store(Mem.at(temp(0), EVENTS_DISCARDED), temp(1)));
        return steps;
    }

    private static List<Step> open() {
        List<Step> steps = new ArrayList<>(List.of(load(temp(3), SUB_MASK), new Step.Add(temp(2), temp(3)),
                new Step.Add(temp(2), imm(1))));
        steps.addAll(subBuffer());
        steps.add(store(Mem.at(temp(0), BEGIN), temp(2)));
        steps.add(store(Mem.at(temp(0), TIMESTAMP_BEGIN), temp(1)));
        steps.add(new Step.Add(temp(2), imm(RECORDS)));
        steps.add(new Step.CommitStore(state(temp(3), POSITION), temp(2), Width.LONG, Order.RELEASE));
        return steps;
    }

    /** Leaves in t0 the address of the sub-buffer that begins at t2, and in t3 the ring's. */
    private static List<Step> subBuffer() {
        return List.of(
                load(temp(0), RING_MASK),
                new Step.And(temp(0), temp(2)),
                load(temp(3), BASE),
                new Step.Address(temp(0), behind(temp(3), temp(0))));
    }

    private static Mem head(int offset) {
        return Mem.cell(CELLS, offset);
    }

    private static Mem state(Reg base, int offset) {
        return Mem.at(base, offset - STATE_BYTES);
    }

    private static Mem behind(Reg base, Reg offset) {
        return new Mem(base, false, offset, 1, 0);
    }

    private static Step load(Reg target, int offset) {
        return new Step.Load(target, head(offset), Width.LONG);
    }

    private static Step loadState(Reg target, Reg base, int offset) {
        return new Step.Load(target, state(base, offset), Width.LONG);
    }

    private static Step store(Mem to, Operand value) {
        return new Step.Store(to, value, Width.LONG);
    }

    private static Step exit(int exit, Reg left, Condition condition, Operand right) {
        return new Step.ExitIf(condition, left, right, Width.LONG, exit);
    }
}
