package io.github.rseq4j.agent.site;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The calls that a recorder looks at: one of n, chosen at random.
 *
 * @param oneIn the number n, at least 1
 * @param others the handle of the entries of the other calls, of type {@link Recorder#ENTER}; it returns 0
 */
public record Sample(int oneIn, MethodHandle others) {
    private static final MethodHandle IS_ONE_IN = Handles.find(MethodHandles.lookup(), "isOneIn",
            MethodType.methodType(boolean.class, int.class));

    /** Returns a sample whose other calls are not seen. */
    public static Sample of(int oneIn) {
        return new Sample(oneIn, Recorder.OFF.enter());
    }

    /**
     * Returns a sample whose other calls are counted.
     *
     * @param oneIn the number n
     * @param cell the address of the count of CPU index 0
     */
    public static Sample counted(int oneIn, long cell) {
        return new Sample(oneIn, new Counting(cell).enter());
    }

    /** Tells whether a call is the one in n, by chance. */
    static boolean isOneIn(int n) {
        return ThreadLocalRandom.current().nextInt(n) == 0;
    }

    /** Returns the handle of entries of all calls. */
    MethodHandle enter(MethodHandle chosen) {
        return oneIn == 1 ? chosen
                : MethodHandles.guardWithTest(MethodHandles.insertArguments(IS_ONE_IN, 0, oneIn), chosen, others);
    }
}
