package io.github.rseq4j.memory;

/** Throws StackOverflowError before an operation begins, if the stack is too small for it. */
public final class Headroom {
    /* How it works
     *
     * A StackOverflowError can come at the entry of any method, so an operation that makes its changes by several calls
     * could be left half done. The recursion here needs more stack than any such operation, and changes nothing. It is
     * deep, because its frames may be compiled while those of the operation are interpreted and several times larger.
     */
    private static final int FRAMES = 256;

    private Headroom() {}

    /**
     * Checks that the stack is large enough for an operation that changes something by several calls.
     *
     * @throws StackOverflowError if it is not
     */
    public static void require() {
        descend(FRAMES, 1, 2, 3);
    }

    /** The arguments are used after the call, so that they take stack during the call. */
    private static long descend(int frames, long a, long b, long c) {
        return frames == 0 ? a : descend(frames - 1, b + 1, c, a) + (a ^ b ^ c);
    }
}
