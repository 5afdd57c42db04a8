package io.github.rseq4j.samples;

import io.github.rseq4j.Rseq;

/**
 * What this JVM runs on, and why, if it is the fallback. Where rseq is available it prints, for example:
 *
 * <pre>
 * rseq is available, owner LIBC
 * </pre>
 */
public final class Sample04Availability {
    private Sample04Availability() {}

    /**
     * Runs the sample.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        Rseq.Availability availability = Rseq.availability();
        System.out.println(availability.available()
                ? "rseq is available, owner " + availability.owner()
                : "fallback: " + availability.reason() + "; " + availability.remedy());
    }
}
