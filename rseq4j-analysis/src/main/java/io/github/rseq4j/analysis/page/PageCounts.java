package io.github.rseq4j.analysis.page;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The numbers of marks of a trace, and of those that a page has one by one.
 *
 * @param maxBytes the most bytes of the page
 * @param spans the spans of the trace
 * @param keptSpans the spans of the page
 * @param shortestNanos the length of the longest span that is not in the page, or 0
 * @param instants the events of the trace that neither begin nor end a span
 * @param keptInstants those of the page
 * @param samples the samples of the trace
 * @param keptSamples those of the page
 * @param jvm the events of the JVM in the trace's time
 * @param keptJvm those of the page
 * @param leftOut the marks of the page whose arguments are left out
 */
public record PageCounts(long maxBytes, long spans, long keptSpans, long shortestNanos, long instants,
                         long keptInstants, long samples, long keptSamples, long jvm, long keptJvm, long leftOut) {
    private static final int MIB_BITS = 20;

    /** Returns the number of marks that the page has one by one. */
    long keptMarks() {
        return keptSpans + keptInstants + keptSamples + keptJvm;
    }

    /** Returns sentences that say what the page left out, each without its full stop; empty if it has everything. */
    public List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        if (keptSpans < spans) {
            sentences.add(String.format(Locale.ROOT, "%,d of %,d spans are shown one by one: the longest, down to %s,"
                    + " and the longest of each name; the other %,d are shown as counts by lane, depth and time",
                    keptSpans, spans, length(shortestNanos), spans - keptSpans));
        }
        others(sentences, "events without a length", instants, keptInstants);
        others(sentences, "CPU samples", samples, keptSamples);
        if (keptJvm < jvm) {
            sentences.add(String.format(Locale.ROOT, "%,d of %,d events of the JVM are shown one by one, the longest;"
                    + " the other %,d are shown as counts", keptJvm, jvm, jvm - keptJvm));
        }
        if (leftOut > 0) {
            sentences.add(String.format(Locale.ROOT, "the arguments of %,d shorter spans and events are left out",
                    leftOut));
        }
        if (!sentences.isEmpty()) {
            sentences.add(String.format(Locale.ROOT, "the limits are %,d bytes (%.1f MiB) for the page, and the"
                    + " memory of the JVM that made it", maxBytes, (double) maxBytes / (1 << MIB_BITS)));
        }
        return sentences;
    }

    private static void others(List<String> sentences, String what, long all, long kept) {
        if (kept < all) {
            sentences.add(String.format(Locale.ROOT, "%,d of %,d %s are shown one by one, a fair choice of each name;"
                    + " the other %,d are shown as counts", kept, all, what, all - kept));
        }
    }

    private static String length(long nanos) {
        return nanos < 10_000 ? nanos + " ns" : String.format(Locale.ROOT, "%,.3f us", nanos / 1e3);
    }
}
