package io.github.rseq4j.trace.ctf;

/**
 * What is wrong with a trace, and where.
 *
 * @param file the name of the file
 * @param offset from its start, in bytes
 * @param what what is wrong
 */
public record Problem(String file, long offset, String what) {
    @Override
    public String toString() {
        return file + ": offset " + offset + ": " + what;
    }
}
