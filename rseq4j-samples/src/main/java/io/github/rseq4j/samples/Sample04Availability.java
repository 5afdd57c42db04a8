package io.github.rseq4j.samples;

import io.github.rseq4j.Rseq;

/**
 * Prints whether this JVM uses rseq, and the reason if it uses the fallback. Where rseq is available, for example:
 *
 * <pre>
 * rseq is available, owner LIBC
 * </pre>
 */
final class Sample04Availability {
    static void main() {
        Rseq.Availability availability = Rseq.availability();
        System.out.println(availability.available()
                ? "rseq is available, owner " + availability.owner()
                : "fallback: " + availability.reason() + "; " + availability.remedy());
    }
}
