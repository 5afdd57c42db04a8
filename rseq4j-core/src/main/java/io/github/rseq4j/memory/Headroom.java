package io.github.rseq4j.memory;

/** Refuses an operation in time when the stack is nearly full: before its first change, not between two. */
public final class Headroom {
    /* How it works
     *
     * A StackOverflowError comes where a method is entered, so what several calls change may be left in the middle. The
     * recursion needs more stack than any such operation does, and changes nothing. Its depth counts: frames of
     * compiled code are several times smaller than those of interpreted code, and it may be the one while the operation
     * is the other.
     */
    private static final int FRAMES = 256;

    private Headroom() {}

    /**
     * Looks whether there is stack for an operation that changes something by several calls.
     *
     * @throws StackOverflowError when there is not
     */
    public static void require() {
        descend(FRAMES, 1, 2, 3);
    }

    /** The arguments are needed behind the call, so that they take stack while it runs. */
    private static long descend(int frames, long a, long b, long c) {
        return frames == 0 ? a : descend(frames - 1, b + 1, c, a) + (a ^ b ^ c);
    }
}
