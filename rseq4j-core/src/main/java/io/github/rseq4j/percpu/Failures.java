package io.github.rseq4j.percpu;

import org.jspecify.annotations.Nullable;

/** What foreign code threw in a row of calls of which each must happen: the first, with the others suppressed. */
final class Failures {
    private @Nullable Throwable first;

    /**
     * Adds what was thrown.
     *
     * @param thrown what was thrown
     */
    @SuppressWarnings("ReferenceEquality") // A throwable may not suppress itself.
    void add(Throwable thrown) {
        Throwable before = first;
        if (before == null) {
            first = thrown;
        } else if (before != thrown) {
            try {
                before.addSuppressed(thrown);
            } catch (OutOfMemoryError e) {
                // The first one tells; the next call must not fail for this one.
            }
        }
    }

    /** Throws what was thrown first, as it is: a destroyer may have sneaked a checked exception. */
    void rethrow() {
        if (first != null) {
            throw Failures.<RuntimeException>sneaked(first);
        }
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <X extends Throwable> X sneaked(Throwable thrown) throws X {
        throw (X) thrown;
    }
}
