package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts samples of CPU time by library. */
final class CpuSamples {
    /** The most different addresses that are kept. Samples at other addresses are counted together. */
    private static final int MOST_ADDRESSES = 1 << 18;
    private static final int ADDRESS_BYTES = 2048;
    private static final String SAMPLE = "cpu:sample";
    private static final String MAPPING = "cpu:mapping";
    private static final String JAVA = "java";
    private static final String UNKNOWN = "unknown";
    private static final double PERCENT = 100;

    private final long maxAddresses = Math.min(MOST_ADDRESSES, Runtime.getRuntime().maxMemory() / ADDRESS_BYTES);
    private final Map<Long, Long> byAddress = new HashMap<>();
    private final TreeMap<Long, Code> code = new TreeMap<>(Long::compareUnsigned);
    private long count;
    private long beyond;

    /** The end of a mapping of executable memory, and its library. */
    private record Code(long end, String library) {}

    /** Counts an event if it is a sample or a mapping; tells whether it is a sample. */
    boolean add(TraceEvent event) {
        List<?> values = event.values();
        if (event.type().name().equals(SAMPLE) && values.size() == 1 && values.getFirst() instanceof Long address) {
            count++;
            if (byAddress.size() < maxAddresses || byAddress.containsKey(address)) {
                byAddress.merge(address, 1L, Long::sum);
            } else {
                beyond++;
            }
            return true;
        }
        if (event.type().name().equals(MAPPING) && values.size() == 4 && values.get(0) instanceof Long start
                && values.get(1) instanceof Long end && values.get(3) instanceof String path
                && (code.size() < maxAddresses || code.containsKey(start))) {
            code.put(start, new Code(end, path.isEmpty() ? JAVA
                    : Printable.cut(path.substring(path.lastIndexOf('/') + 1), Printable.MAX_NAME_CHARS)));
        }
        return false;
    }

    private String library(long address) {
        Map.Entry<Long, Code> below = code.floorEntry(address);
        return below != null && Long.compareUnsigned(address, below.getValue().end) < 0 ? below.getValue().library
                : UNKNOWN;
    }

    /** Returns the samples of each library, in descending order. */
    List<TraceSummary.LibrarySamples> byLibrary() {
        Map<String, Long> counts = new TreeMap<>();
        byAddress.forEach((address, samples) -> counts.merge(library(address), samples, Long::sum));
        if (beyond > 0) {
            counts.merge(UNKNOWN, beyond, Long::sum);
        }
        return counts.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .map(each -> new TraceSummary.LibrarySamples(each.getKey(), each.getValue(),
                        PERCENT * each.getValue() / count)).toList();
    }
}
