package io.github.rseq4j.trace.ring;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The sections of a tracer's rings. An event is one section, from the clock to the commit. Each CPU has a ring of
 * sub-buffers, the ring's state, and a head whose words the sections trust.
 *
 * <pre>
 *   head (the cells), in memory that is private to this process:
 *     base        the ring's address
 *     limit       how many bytes of a sub-buffer may be filled; 0 while the ring accepts no records, and then base is
 *                 not read
 *     sub mask    the size of a sub-buffer, less 1
 *     ring mask   the size of the ring, less 1
 *     window      the greatest distance from consumed at which a sub-buffer may be opened
 *     missed      how many events found no ring, counted where no ring can be made
 *     epoch size  how many cycles after epoch a compact header can hold
 *
 *   state, just below the ring, in memory that outlives the process:
 *     position    the end of the last record, in bytes since the ring began; only sections write it
 *     last        the time of the last record, or of one that was not committed
 *     discarded   how many events found no room
 *     epoch       the time of the last full header, its {@link PacketLayout#TIME_BITS} lowest bits cleared
 *     full end    the position after the record that has, or would have had, this header
 *     consumed    how many bytes were released, since the ring began; only the consumer writes it
 *
 *   a sub-buffer:
 *     | packet header and context | record | record ... | unused |
 * </pre>
 *
 * <p>Other processes may be able to write to memory that outlives this one. So no word of it is used as an address. A
 * word becomes a part of an address only after a mask of the head was applied: whatever the value of position is, a
 * record lies inside one sub-buffer of the ring. A stray write to the state garbles the trace and nothing else.
 *
 * <p>Position alone decides where a record goes, and it is the one word that a section commits. A record begins at a
 * multiple of 8 and lies in one sub-buffer. If a record does not fit, the section leaves by an exit. The caller then
 * runs {@link #SWITCH}, which closes the sub-buffer, opens the next one and commits the first position in it. Then the
 * caller runs the event again. A sub-buffer is never filled to its last byte, so a position belongs to exactly one
 * sub-buffer.
 *
 * <p>A record has a compact header if its time and epoch differ only in the lowest bits, and full end is not after
 * position. {@link #FULL} stores full end, then epoch, and then commits the record. If it is aborted between these
 * stores, full end is after position, and no record has a compact header until one with a full header is committed. So
 * in each packet a record with this epoch, or the packet's begin, precedes each compact header.
 *
 * <p>A signal handler that records an event aborts the section that it interrupts, and that section starts again after
 * the handler. So nested reservations need no order. The rest of this layout follows LTTng-UST's ring buffer
 * (Desnoyers), which needs two atomic counters for each sub-buffer to keep that order.
 *
 * <p>The index of rings is {@code cpu_id}, not the concurrency id, because a timeline shows CPUs.
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
    /** Offset of epoch size in a head, in bytes. */
    public static final int EPOCH_SIZE = 6 * Long.BYTES;
    /** The size of a head, in bytes. */
    public static final int HEAD_BYTES = 8 * Long.BYTES;

    /** Offset of position in the state, in bytes. */
    public static final int POSITION = 0;
    /** Offset of last in the state, in bytes. */
    public static final int LAST = Long.BYTES;
    /** Offset of discarded in the state, in bytes. */
    public static final int DISCARDED = 2 * Long.BYTES;
    /** Offset of epoch in the state, in bytes. */
    public static final int EPOCH = 3 * Long.BYTES;
    /** Offset of full end in the state, in bytes. */
    public static final int FULL_END = 4 * Long.BYTES;
    /**
     * Offset of consumed in the state, in bytes. It has a cache line of its own, so that the consumer's writes do not
     * take position's line from the ring's CPU.
     */
    public static final int CONSUMED = 16 * Long.BYTES;
    /** The size of the state, in bytes: it begins this far below the ring. */
    public static final int STATE_BYTES = 24 * Long.BYTES;

    /** Offset, in an open sub-buffer, of its content's size in bytes; a packet has it in bits. */
    public static final int CONTENT_BYTES = PacketLayout.CONTENT_SIZE;
    /** Offset, in an open sub-buffer, of the position where it begins; a packet has its number there. */
    public static final int BEGIN = PacketLayout.PACKET_SEQ_NUM;

    /** An event's exit when the sub-buffer has no room for it, or the ring accepts no records. */
    public static final int EXIT_SWITCH = 0;
    /** An event's exit when the given time is before the last record's. */
    public static final int EXIT_EARLY = 1;
    /** An event's exit when the record needs a full header: {@link #FULL} records it. */
    public static final int EXIT_FULL_HEADER = 2;
    /** A switch's exit when the record fits, so that no switch is needed. */
    public static final int EXIT_ROOM = 0;
    /** A switch's exit when every other sub-buffer waits for the consumer. */
    public static final int EXIT_FULL = 1;
    /** The exit of a switch, and of {@link #DISCARD}, when the ring accepts no records. */
    public static final int EXIT_CLOSED = 2;

    /** A switch's exit when the given time is before the last record's. */
    public static final int EXIT_SWITCH_EARLY = 3;

    /** The source of a record's time. */
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
     * Events of up to 1, 2, 4 and 8 words of fields: the cells, the record's size in bytes, the compact header without
     * the time, and the words. The time is read from the processor's counter, and is not earlier than that of any event
     * that happened before.
     */
    public static final List<Chain> EVENTS = events(Time.ORDERED);
    /** The same; the time may be earlier than that of an event that happened before on another CPU. */
    public static final List<Chain> UNORDERED_EVENTS = events(Time.UNORDERED);
    /** The same, with the time as the last argument, for machines whose processors' clocks do not agree. */
    public static final List<Chain> TIMED_EVENTS = events(Time.GIVEN);
    /**
     * An event whose fields are copied: the cells, the record's size in bytes, the compact header without the time,
     * the fields' address, and their length in bytes.
     */
    public static final Chain COPY = copy(Time.ORDERED);
    /** The same; the time may be earlier than that of an event that happened before on another CPU. */
    public static final Chain UNORDERED_COPY = copy(Time.UNORDERED);
    /** The same, with the time as the last argument. */
    public static final Chain TIMED_COPY = copy(Time.GIVEN);
    /**
     * An event with a full header: the cells, the record's size in bytes, the header's first word without the time, its
     * last word, the fields' address, and their length in bytes.
     */
    public static final Chain FULL = full(Time.ORDERED);
    /** The same, with the time as the last argument. */
    public static final Chain TIMED_FULL = full(Time.GIVEN);
    /** Closes a sub-buffer and opens the next one: the cells, and the number of bytes that a record needs. */
    public static final Chain SWITCH = switching(false);
    /** The same, with the time as the last argument. */
    public static final Chain TIMED_SWITCH = switching(true);
    /**
     * Counts events that found no room: the cells, and the number of events. It leaves by an exit if the CPU has no
     * ring: a thread that found the ring of one CPU full may have migrated to a CPU without a ring, where no reader
     * looks for the count.
     */
    public static final Chain DISCARD = Chain.of(2, new Section("trace_discard_relaxed", List.of(
            load(temp(0), LIMIT),
            exit(EXIT_CLOSED, temp(0), Condition.EQUAL, imm(0)),
            load(temp(1), BASE),
            new Step.CommitAdd(state(temp(1), DISCARDED), arg(1), Width.LONG, Order.RELAXED)), null))
            .by(Index.CPU_ID);
    /** Counts events that found no ring, for code that cannot make one: the cells, and the number of events. */
    public static final Chain MISS = Chain.of(2, new Section("trace_miss_relaxed", List.of(
            new Step.CommitAdd(head(MISSED), arg(1), Width.LONG, Order.RELAXED)), null)).by(Index.CPU_ID);

    /** Returns the assumptions of each section: heads are cells, and rings are separate memory. */
    private static List<Assumption> layout() {
        return List.of(Assumption.apart(head(BASE), "no head and no field of an event lies in a ring"),
                Assumption.apart(head(RING_MASK), "sub-buffers lie above the ring's own words"),
                Assumption.apart(CELLS, "no field of an event lies in a head"),
                Assumption.stable(head(BASE), "it is written before the ring accepts records, and never again"),
                Assumption.settled(state(temp(3), LAST),
                        "it holds the very time that the restart compares with it"));
    }

    private TraceRing() {}

    /** Returns every chain. */
    public static List<Chain> all() {
        List<Chain> all = new ArrayList<>(EVENTS);
        all.addAll(UNORDERED_EVENTS);
        all.addAll(TIMED_EVENTS);
        all.addAll(List.of(COPY, UNORDERED_COPY, TIMED_COPY, FULL, TIMED_FULL, SWITCH, TIMED_SWITCH, DISCARD, MISS));
        return all;
    }

    private static List<Chain> events(Time time) {
        return Stream.of(1, 2, 4, 8).map(words -> event(words, time)).toList();
    }

    private static Chain event(int words, Time time) {
        int first = HEADER.number() + 1;
        List<Step> steps = new ArrayList<>(open(time, first + words));
        steps.addAll(reserve(imm(PacketLayout.RECORD_FIELDS + (long) words * Long.BYTES)));
        steps.addAll(compactHeader());
        for (int i = 0; i < words; i++) {
            steps.add(store(Mem.at(temp(2), PacketLayout.RECORD_FIELDS + i * Long.BYTES), arg(first + i)));
        }
        return chain("trace_event_" + words, time, first + words, steps);
    }

    private static Chain copy(Time time) {
        List<Step> steps = new ArrayList<>(open(time, 5));
        steps.addAll(reserve(SIZE));
        steps.addAll(compactHeader());
        steps.add(new Step.Copy(Mem.at(temp(2), PacketLayout.RECORD_FIELDS), arg(3), arg(4), Section.MAX_COPY_BYTES));
        return chain("trace_event_memcpy", time, 5, steps);
    }

    private static Chain full(Time time) {
        List<Step> steps = new ArrayList<>(open(time, 6));
        steps.addAll(reserve(SIZE));
        steps.addAll(place());
        steps.add(new Step.Copy(Mem.at(temp(2), PacketLayout.FULL_FIELDS), arg(4), arg(5), Section.MAX_COPY_BYTES));
        steps.add(store(Mem.at(temp(2), PacketLayout.FULL_NUMBERS), arg(3)));
        steps.add(store(Mem.at(temp(2), PacketLayout.FULL_TIMESTAMP), temp(1)));
        steps.add(new Step.And(temp(1), imm(PacketLayout.TIME_MASK)));
        steps.add(new Step.Add(temp(1), HEADER));
        steps.add(store(Mem.at(temp(2), 0), temp(1)));
        steps.add(new Step.Move(temp(1), temp(0)));
        steps.add(new Step.Add(temp(1), SIZE));
        steps.add(store(state(temp(3), FULL_END), temp(1)));
        steps.add(loadState(temp(1), temp(3), LAST));
        steps.add(new Step.And(temp(1), imm(~PacketLayout.TIME_MASK)));
        steps.add(store(state(temp(3), EPOCH), temp(1)));
        return chain("trace_event_full", time, 6, steps);
    }

    /**
     * Stores the time in last, and leaves the time in t1, the limit in t2 and the ring's address in t3. The time comes
     * first: the processor reads its counter after all earlier instructions have completed, and later ones run
     * meanwhile.
     */
    private static List<Step> open(Time from, int argument) {
        List<Step> steps = new ArrayList<>();
        if (from != Time.GIVEN) {
            steps.add(new Step.Timestamp(temp(1), from == Time.ORDERED));
        }
        steps.add(load(temp(2), LIMIT));
        steps.add(exit(EXIT_SWITCH, temp(2), Condition.EQUAL, imm(0)));
        steps.add(load(temp(3), BASE));
        if (from == Time.GIVEN) {
            steps.add(loadState(temp(1), temp(3), LAST));
            steps.add(exit(EXIT_EARLY, arg(argument), Condition.BELOW, temp(1)));
            steps.add(new Step.Move(temp(1), arg(argument)));
        }
        steps.add(store(state(temp(3), LAST), temp(1)));
        return steps;
    }

    /** Leaves the record's position in t0. */
    private static List<Step> reserve(Operand needBytes) {
        return List.of(
                loadState(temp(0), temp(3), POSITION),
                new Step.Add(temp(0), imm(Long.BYTES - 1)),
                new Step.And(temp(0), imm(-Long.BYTES)),
                load(temp(3), SUB_MASK),
                new Step.And(temp(3), temp(0)),
                new Step.Add(temp(3), needBytes),
                exit(EXIT_SWITCH, temp(2), Condition.BELOW, temp(3)),
                load(temp(3), BASE));
    }

    /** Leaves the record's address in t2. */
    private static List<Step> place() {
        return List.of(
                load(temp(2), RING_MASK),
                new Step.And(temp(2), temp(0)),
                new Step.Address(temp(2), within(temp(3), temp(2))));
    }

    /** Leaves the record's address in t2. */
    private static List<Step> compactHeader() {
        List<Step> steps = new ArrayList<>(List.of(
                loadState(temp(2), temp(3), FULL_END),
                exit(EXIT_FULL_HEADER, temp(0), Condition.BELOW, temp(2)),
                loadState(temp(2), temp(3), EPOCH),
                new Step.Subtract(temp(1), temp(2)),
                load(temp(2), EPOCH_SIZE),
                exit(EXIT_FULL_HEADER, temp(1), Condition.ABOVE_OR_EQUAL, temp(2)),
                new Step.Add(temp(1), HEADER)));
        steps.addAll(place());
        steps.add(store(Mem.at(temp(2), 0), temp(1)));
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
                exit(EXIT_CLOSED, temp(2), Condition.EQUAL, imm(0)),
                load(temp(3), BASE),
                loadState(temp(0), temp(3), POSITION),
                new Step.Move(temp(1), temp(0)),
                new Step.Add(temp(1), imm(Long.BYTES - 1)),
                new Step.And(temp(1), imm(-Long.BYTES)),
                load(temp(3), SUB_MASK),
                new Step.And(temp(1), temp(3)),
                new Step.Add(temp(1), arg(1)),
                exit(EXIT_ROOM, temp(2), Condition.ABOVE_OR_EQUAL, temp(1)),
                // From here on t1 is the size of the content, and t2 the position at which the sub-buffer begins.
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
        steps.add(store(Mem.at(temp(0), PacketLayout.TIMESTAMP_END), temp(1)));
        steps.addAll(openNext());
        return Chain.of(isTimed ? 3 : 2, new Section("trace_switch" + (isTimed ? "_timed" : "") + "_release", steps,
                null, layout())).by(Index.CPU_ID);
    }

    private static List<Step> close() {
        List<Step> steps = new ArrayList<>(subBuffer());
        steps.add(store(Mem.at(temp(0), CONTENT_BYTES), temp(1)));
        steps.add(loadState(temp(1), temp(3), DISCARDED));
        steps.add(store(Mem.at(temp(0), PacketLayout.EVENTS_DISCARDED), temp(1)));
        return steps;
    }

    private static List<Step> openNext() {
        List<Step> steps = new ArrayList<>(List.of(load(temp(3), SUB_MASK), new Step.Add(temp(2), temp(3)),
                new Step.Add(temp(2), imm(1))));
        steps.addAll(subBuffer());
        steps.add(store(Mem.at(temp(0), BEGIN), temp(2)));
        steps.add(store(Mem.at(temp(0), PacketLayout.TIMESTAMP_BEGIN), temp(1)));
        steps.add(new Step.Add(temp(2), imm(PacketLayout.RECORDS)));
        steps.add(new Step.CommitStore(state(temp(3), POSITION), temp(2), Width.LONG, Order.RELEASE));
        return steps;
    }

    /** Leaves in t0 the address of the sub-buffer that begins at position t2, and in t3 the ring's address. */
    private static List<Step> subBuffer() {
        return List.of(
                load(temp(0), RING_MASK),
                new Step.And(temp(0), temp(2)),
                load(temp(3), BASE),
                new Step.Address(temp(0), within(temp(3), temp(0))));
    }

    private static Mem head(int offset) {
        return Mem.cell(CELLS, offset);
    }

    private static Mem state(Reg base, int offset) {
        return Mem.at(base, offset - STATE_BYTES);
    }

    private static Mem within(Reg base, Reg offset) {
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
