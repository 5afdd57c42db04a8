package io.github.rseq4j.section;

import io.github.rseq4j.ir.Status;
import java.util.Objects;

/**
 * The outcome of one call of a {@link RestartableSection}: every section of the call has committed, or one was left by
 * an exit.
 *
 * {@snippet :
 * SectionResult result = POP.call(head);
 * if (result.isExit(EMPTY)) { ... }
 * long node = result.value();
 *
 * long nodeOrZero = POP.call(head).orElse(0);
 * }
 *
 * <p><b>Threads.</b> Immutable; any thread may read it.
 *
 * <p><b>Cost.</b> A result that does not leave its caller takes no memory after the caller was compiled.
 *
 * @since 0.1.0
 */
public final class SectionResult {
    /* How it works
     *
     * A result is the status that the function returned, and the number of sections, which a status of 0 or more does
     * not contain. If the object does not escape, C2 keeps both numbers in registers. So exceptions are made from the
     * two numbers. A message made from the object would let the object escape in every program that has thrown such an
     * exception once.
     */
    private final long status;
    private final int sections;

    SectionResult(long status, int sections) {
        this.status = status;
        this.sections = sections;
    }

    /**
     * Tells whether every section of the call has committed.
     *
     * @return false when a section was left by an exit
     */
    public boolean isCommitted() {
        return status >= 0;
    }

    /**
     * Tells whether a section of the call was left by a certain exit.
     *
     * @param exit the exit's number, as passed to {@link SectionBuilder#exitIf}
     * @return false when it was left by another exit, or every section has committed
     */
    public boolean isExit(int exit) {
        return status < 0 && number(status) == exit;
    }

    /**
     * Returns the exit by which a section was left.
     *
     * @return the exit's number, 0 to {@link SectionBuilder#MAX_EXITS} - 1
     * @throws IllegalStateException when every section has committed
     */
    public int exit() {
        if (status >= 0) {
            throw missing(status, sections, "exit");
        }
        return number(status);
    }

    private static int number(long status) {
        return Status.code(status) - Status.EXIT;
    }

    /**
     * Returns the value of the register that was passed to {@link SectionBuilder#result}.
     *
     * @return the value, 0 or more; 0 when the builder has no result
     * @throws IllegalStateException when a section was left by an exit
     */
    public long value() {
        if (status < 0) {
            throw missing(status, sections, "value");
        }
        return status;
    }

    /**
     * Returns the value, or another one when a section was left by an exit.
     *
     * @param other the other value
     * @return the value, 0 or more, or the other one
     */
    public long orElse(long other) {
        return status < 0 ? other : status;
    }

    /**
     * Returns the number of sections of the call that have committed.
     *
     * @return all of them, or the number of those before the one that was left by an exit
     */
    public int committedSections() {
        return status >= 0 ? sections : Status.completed(status);
    }

    /**
     * Compares two results.
     *
     * @param other the other one
     * @return whether it has the same value or exit, and its call had the same number of sections
     */
    @Override
    public boolean equals(Object other) {
        return other instanceof SectionResult result && status == result.status && sections == result.sections;
    }

    @Override
    public int hashCode() {
        return Objects.hash(status, sections);
    }

    /** Returns the outcome as text: {@code committed, value=5}, or {@code exit 0 after 1 of 3 sections}. */
    @Override
    public String toString() {
        return text(status, sections);
    }

    private static String text(long status, int sections) {
        return status >= 0 ? "committed, value=" + status
                : "exit " + number(status) + " after " + Status.completed(status) + " of " + sections + " sections";
    }

    private static IllegalStateException missing(long status, int sections, String what) {
        return new IllegalStateException("result=(" + text(status, sections) + ") has no " + what);
    }
}
