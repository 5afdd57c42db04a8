package io.github.rseq4j.percpu;

import org.jspecify.annotations.Nullable;

/** Collects the failures of a series of calls to foreign code, all of which must happen; later ones are suppressed. */
final class Failures {
    private @Nullable Throwable first;

    /**
     * Adds a failure.
     *
     * @param thrown the failure
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
                // The first failure is reported; a failure to add another must not stop the next call.
            }
        }
    }

    /** Throws the first failure unchanged; it may be a checked exception that a destroyer has thrown sneakily. */
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
