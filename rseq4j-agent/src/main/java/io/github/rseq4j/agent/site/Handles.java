package io.github.rseq4j.agent.site;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ThreadLocalRandom;

/** Method handles that recorders share. */
final class Handles {
    private static final MethodHandle IS_ONE_IN = find(MethodHandles.lookup(), "isOneIn",
            MethodType.methodType(boolean.class, int.class));

    private Handles() {}

    /**
     * Finds a static method of the class of a lookup.
     *
     * @param lookup the result of {@link MethodHandles#lookup}
     * @param name the name of the method
     * @param type its type
     */
    static MethodHandle find(MethodHandles.Lookup lookup, String name, MethodType type) {
        try {
            return lookup.findStatic(lookup.lookupClass(), name, type);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tells whether a call is the one in n, by chance. */
    static boolean isOneIn(int n) {
        return ThreadLocalRandom.current().nextInt(n) == 0;
    }

    /**
     * Returns a handle of entries that enters one of n calls, chosen at random.
     *
     * @param enter the handle of entries
     * @param n the number n, at least 1
     */
    static MethodHandle oneIn(MethodHandle enter, int n) {
        return n == 1 ? enter : MethodHandles.guardWithTest(MethodHandles.insertArguments(IS_ONE_IN, 0, n), enter,
                MethodHandles.zero(long.class));
    }
}
