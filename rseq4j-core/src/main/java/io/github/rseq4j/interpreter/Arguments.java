package io.github.rseq4j.interpreter;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a call: longs, one of which may be replaced by a segment. A segment of the heap has no address, so a
 * chain may only copy bytes from it or to it. {@link #checkSegment} checks that.
 */
public final class Arguments {
    /** Stands for no argument. */
    public static final int NONE = -1;

    private final long[] words;
    private final int segment;
    private final @Nullable MemorySegment data;

    private Arguments(long[] words, int segment, @Nullable MemorySegment data) {
        this.words = words;
        this.segment = segment;
        this.data = data;
    }

    /**
     * Creates arguments of longs.
     *
     * @param words the longs
     */
    public static Arguments of(long... words) {
        return new Arguments(words, NONE, null);
    }

    /**
     * Creates arguments of which one is a segment.
     *
     * @param segment the number of that argument
     * @param data the segment
     * @param words all arguments; the one that is a segment is not read
     * @throws IllegalStateException if the segment's scope is closed
     * @throws WrongThreadException if the segment is confined to another thread
     */
    public static Arguments of(int segment, MemorySegment data, long... words) {
        requireAccessible(data);
        return new Arguments(words, segment, data);
    }

    /**
     * Creates arguments from the objects that a method handle was given.
     *
     * @param segment the number of the {@link MemorySegment}, or {@link #NONE}; the other objects are {@link Long}
     * @param objects the objects
     * @throws IllegalStateException if the segment's scope is closed
     * @throws WrongThreadException if the segment is confined to another thread
     */
    public static Arguments of(int segment, Object[] objects) {
        long[] words = new long[objects.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = i == segment ? 0 : (long) objects[i];
        }
        return segment == NONE ? of(words) : of(segment, (MemorySegment) objects[segment], words);
    }

    /**
     * Checks that the calling thread may access a segment, as a downcall does, even if no byte will be copied.
     *
     * @param data the segment
     * @throws IllegalStateException if its scope is closed
     * @throws WrongThreadException if it is confined to another thread
     */
    public static void requireAccessible(MemorySegment data) {
        if (!data.isAccessibleBy(Thread.currentThread())) {
            throw new WrongThreadException("segment=" + data + " is confined to another thread");
        }
        if (!data.scope().isAlive()) {
            throw new IllegalStateException("segment=" + data + ": its scope is closed");
        }
    }

    /**
     * Checks that a chain only copies from an argument or to it, so that the argument can be a segment.
     *
     * @param chain the chain
     * @param segment the number of the argument
     * @throws IllegalArgumentException if a step needs the argument's address; the message names the step
     */
    public static void checkSegment(Chain chain, int segment) {
        Rules.range("segment", segment, 0, chain.arguments() - 1L);
        Reg reg = Operand.arg(segment);
        for (Section section : chain.sections()) {
            for (Step step : section.steps()) {
                if (step.reads().contains(reg) && !onlyCopies(step, reg)) {
                    throw new IllegalArgumentException("section=" + section.name() + ", step (" + step + "): " + reg
                            + " is a segment, which has no address: a section may only copy from it or to it");
                }
            }
            if (reg.equals(section.result())) {
                throw new IllegalArgumentException("section=" + section.name() + ": " + reg
                        + " is a segment, which is no result");
            }
        }
    }

    private static boolean onlyCopies(Step step, Reg reg) {
        return step instanceof Step.Copy copy && !reg.equals(copy.lengthBytes()) && !reg.equals(copy.to().index())
                && !(copy.to().perCpu() && reg.equals(copy.to().base()))
                && reg.equals(copy.from()) != reg.equals(copy.to().base());
    }

    /** Returns the number of the argument that is a segment, or {@link #NONE}. */
    public int segment() {
        return segment;
    }

    /**
     * Returns the segment of a register, or null if the register holds a long.
     *
     * @param reg the register
     */
    @Nullable MemorySegment segment(Reg reg) {
        return reg.isArgument() && reg.number() == segment ? data : null;
    }

    /**
     * Returns an argument that is a long.
     *
     * @param number its number
     */
    long word(int number) {
        return words[number];
    }

    /** Returns the arguments as objects for a method handle. */
    public @Nullable Object[] boxed() {
        @Nullable Object[] objects = new Object[words.length];
        for (int i = 0; i < objects.length; i++) {
            objects[i] = i == segment ? data : (Object) words[i];
        }
        return objects;
    }
}
