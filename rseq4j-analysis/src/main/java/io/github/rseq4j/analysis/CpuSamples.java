package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.page.CallTree;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.ctf.CodeNames;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Counts samples of CPU time by library. */
final class CpuSamples {
    /** The most different addresses that are kept. Samples at other addresses are counted together. */
    private static final int MOST_ADDRESSES = 1 << 18;
    private static final int ADDRESS_BYTES = 2048;
    private static final String SAMPLE = "cpu:sample";
    private static final String MAPPING = "cpu:mapping";
    private static final String JAVA = "java";
    private static final String UNKNOWN = "unknown";
    private static final int SHOWN_FUNCTIONS = 1_000;
    private static final double PERCENT = 100;

    private final long maxAddresses = Math.min(MOST_ADDRESSES, Runtime.getRuntime().maxMemory() / ADDRESS_BYTES);
    private final Map<Long, Address> byAddress = new HashMap<>();
    private final TreeMap<Long, Code> code = new TreeMap<>(Long::compareUnsigned);
    private final Supplier<CodeNames> names;
    private long count;
    private long beyond;

    /** @param names gives the names of Java's code */
    CpuSamples(Supplier<CodeNames> names) {
        this.names = names;
    }

    /** The samples at one address; the addresses are numbered in the order in which they are seen. */
    private static final class Address {
        private final int number;
        private long samples;

        Address(int number) {
            this.number = number;
        }
    }

    /** The end of a mapping of executable memory, and its library. */
    private record Code(long end, String library) {}

    /** Tells whether an event is a sample or a mapping. */
    static boolean isOfSampler(TraceEvent event) {
        return isSample(event) || event.type().name().equals(MAPPING);
    }

    /** Tells whether an event is a sample. */
    static boolean isSample(TraceEvent event) {
        return event.type().name().equals(SAMPLE) && event.values().size() == 1
                && event.values().getFirst() instanceof Long;
    }

    /** Counts an event if it is a sample or a mapping; tells whether it is a sample. */
    boolean add(TraceEvent event) {
        List<?> values = event.values();
        if (isSample(event) && values.getFirst() instanceof Long address) {
            count++;
            if (byAddress.size() < maxAddresses || byAddress.containsKey(address)) {
                byAddress.computeIfAbsent(address, _ -> new Address(byAddress.size())).samples++;
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

    /** Returns the name of the function at an address of Java's code, or null if it is not known. */
    private @Nullable String function(long address, String library) {
        String name = library.equals(JAVA) || library.equals(UNKNOWN) ? names.get().name(address) : null;
        return name == null ? null : Printable.cut(Printable.text(name), Printable.MAX_NAME_CHARS);
    }

    /** Returns the samples of each function of Java's code, in descending order. */
    List<TraceSummary.FunctionSamples> byFunction() {
        Map<String, Long> counts = new HashMap<>();
        byAddress.forEach((address, at) -> {
            String function = function(address, library(address));
            if (function != null) {
                counts.merge(function, at.samples, Long::sum);
            }
        });
        return counts.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey())).limit(SHOWN_FUNCTIONS)
                .map(each -> new TraceSummary.FunctionSamples(each.getKey(), each.getValue(),
                        PERCENT * each.getValue() / count)).toList();
    }

    /** Returns the number of a sample's address, or -1 if it is counted together with others. */
    int number(TraceEvent sample) {
        Address at = sample.values().getFirst() instanceof Long address ? byAddress.get(address) : null;
        return at == null ? -1 : at.number;
    }

    /**
     * Adds the samples to the data of a flame graph, by library and function.
     *
     * @param tree the target
     * @param around the node around them
     * @return for each number of an address its node in the tree; the last entry is that of all other addresses
     */
    int[] addTo(CallTree tree, CallTree.Node around) {
        int[] nodes = new int[byAddress.size() + 1];
        byAddress.forEach((address, at) -> {
            String library = library(address);
            nodes[at.number] = add(tree, around, library, function(address, library), at.samples);
        });
        nodes[byAddress.size()] = beyond == 0 ? 0 : add(tree, around, UNKNOWN, null, beyond);
        return nodes;
    }

    private static int add(CallTree tree, CallTree.Node around, String library, @Nullable String function,
            long samples) {
        CallTree.Node inLibrary = tree.child(around, library);
        CallTree.Node node = function == null ? inLibrary : tree.child(inLibrary, function);
        node.add(samples, samples, samples);
        return node.index();
    }

    /** Returns the samples of each library, in descending order. */
    List<TraceSummary.LibrarySamples> byLibrary() {
        Map<String, Long> counts = new TreeMap<>();
        byAddress.forEach((address, at) -> counts.merge(library(address), at.samples, Long::sum));
        if (beyond > 0) {
            counts.merge(UNKNOWN, beyond, Long::sum);
        }
        return counts.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .map(each -> new TraceSummary.LibrarySamples(each.getKey(), each.getValue(),
                        PERCENT * each.getValue() / count)).toList();
    }
}
