package io.github.rseq4j.agent.site;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** Method handles that recorders share. */
final class Handles {
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
}
