package io.github.rseq4j.percpu;

import org.jspecify.annotations.Nullable;

/**
 * Collects the failures of a series of calls to foreign code, all of which must be made. Later failures are added to
 * the first one as suppressed.
 */
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
                // If another failure cannot be added, the next call must still be made; the first failure is reported.
            }
        }
    }

    /**
     * Throws the first failure, if there was one. It may be a checked exception that the foreign code did not declare.
     */
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
