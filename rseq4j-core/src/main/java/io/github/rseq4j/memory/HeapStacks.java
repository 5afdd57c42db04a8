package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
import io.github.rseq4j.interpreter.PagedMemory;
import io.github.rseq4j.interpreter.StripeLock;
import io.github.rseq4j.sections.ArrayStack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** The push and pop of words on the fallback, for stacks that lie in one page of each copy. */
public final class HeapStacks {
    /* How it works
     *
     * The layout is that of sections.ArrayStack, and both methods do what its sections do, under the lock of the same
     * stripe: sections that copy several words or a record, and threads that take the elements, need not know of them.
     * A stack keeps its page, where the bytecode of a section finds the page for each of its accesses; that took more
     * than half of a pool's time.
     *
     * The store of the used bytes is the last step, so a StackOverflowError at a call before it leaves the stack
     * unchanged, as in the bytecode (interpreter.Fallback).
     */
    private static final VarHandle STACK = MethodHandles.arrayElementVarHandle(Stack[].class);
    private static final int WORD_SHIFT = 3;
    private static final int FROM_WORDS = (ArrayStack.FROM_BYTES - ArrayStack.USED_BYTES) / Long.BYTES;

    private final FallbackEngine engine;
    private final long cells;
    private final long capacityBytes;
    /** The stack of each stripe, made at its first use. */
    private final @Nullable Stack[] stacks;

    private HeapStacks(FallbackEngine engine, long cells, long capacityBytes) {
        this.engine = engine;
        this.cells = cells;
        this.capacityBytes = capacityBytes;
        this.stacks = new Stack[engine.copies()];
    }

    /**
     * Returns the stacks of an address, or null where sections must be used.
     *
     * @param engine the engine
     * @param cells the address of the first copy
     * @param capacityBytes the capacity of an array in bytes
     */
    static @Nullable HeapStacks of(Engine engine, long cells, long capacityBytes) {
        long bytes = ArrayStack.HEADER_BYTES + 2 * capacityBytes;
        // The copies lie a multiple of a page apart.
        boolean isOnePage = cells / PagedMemory.PAGE_BYTES == (cells + bytes - 1) / PagedMemory.PAGE_BYTES;
        return isOnePage && engine instanceof FallbackEngine fallback
                ? new HeapStacks(fallback, cells, capacityBytes) : null;
    }

    /** The stack of a stripe. */
    private record Stack(StripeLock lock, long[] page, int first) {
        private static final int USED = ArrayStack.USED_BYTES / Long.BYTES;
        private static final int ELEMENTS = ArrayStack.HEADER_BYTES / Long.BYTES;

        private static int words(long bytes) {
            return (int) (bytes >> WORD_SHIFT);
        }

        /** Pushes or pops under the lock. */
        @SuppressWarnings("Finally") // A release that could not be called is a store; the first error goes on.
        long run(boolean isPush, long value, long capacityBytes) {
            lock.acquire();
            try {
                long which = page[first];
                if (which == ArrayStack.CLOSED) {
                    return ~ArrayStack.EXIT_CLOSED;
                }
                int used = first + USED + words(which);
                return isPush ? push(used, value, capacityBytes) : pop(used);
            } finally {
                try {
                    lock.release();
                } catch (Throwable t) {
                    lock.held = 0;
                }
            }
        }

        private int element(int used, long bytes) {
            return first + ELEMENTS + words(page[used + FROM_WORDS] + bytes);
        }

        private long push(int used, long value, long capacityBytes) {
            long bytes = page[used];
            if (bytes >= capacityBytes) {
                return ~ArrayStack.EXIT_REFUSED;
            }
            page[element(used, bytes)] = value;
            page[used] = bytes + Long.BYTES;
            return 0;
        }

        private long pop(int used) {
            long bytes = page[used] - Long.BYTES;
            if (bytes < 0) {
                return ~ArrayStack.EXIT_REFUSED;
            }
            long value = page[element(used, bytes)];
            if (value < 0) {
                return ~ArrayStack.EXIT_NEGATIVE;
            }
            page[used] = bytes;
            return value;
        }
    }

    /**
     * Pushes a word to the stack of the calling thread's stripe.
     *
     * @param value the word
     * @return 0, or the complement of the exit of {@link ArrayStack#PUSH}
     */
    public long push(long value) {
        return own().run(true, value, capacityBytes);
    }

    /**
     * Pops a word from the stack of the calling thread's stripe.
     *
     * @return the word, or the complement of the exit of {@link ArrayStack#POP}
     */
    public long pop() {
        return own().run(false, 0, capacityBytes);
    }

    private Stack own() {
        int index = engine.index();
        Stack stack = (Stack) STACK.getAcquire(stacks, index);
        return stack == null ? add(index) : stack;
    }

    private Stack add(int index) {
        long copy = cells + ((long) index << Engine.STRIDE_SHIFT);
        Stack stack = new Stack(engine.lock(index), engine.memory().page(copy), PagedMemory.word(copy));
        // A race makes an equal one.
        STACK.setRelease(stacks, index, stack);
        return stack;
    }
}
