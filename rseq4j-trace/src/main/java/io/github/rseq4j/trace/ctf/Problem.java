package io.github.rseq4j.trace.ctf;

/**
 * A defect of a trace and its place. Immutable.
 *
 * @param file the name of the file
 * @param offset the offset from the start of the file, in bytes
 * @param what the description of the defect
 * @since 0.1.0
 */
public record Problem(String file, long offset, String what) {
    /** Returns file, offset and description as text of one line. */
    @Override
    public String toString() {
        return file + ": offset " + offset + ": " + what;
    }
}
