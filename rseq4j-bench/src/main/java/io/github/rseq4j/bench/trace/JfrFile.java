package io.github.rseq4j.bench.trace;

import io.github.rseq4j.bench.Commands;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The numbers of events in a file of JFR, by type, as the JDK's command {@code jfr summary} prints them.
 *
 * @param counts the numbers by the names of types
 */
record JfrFile(Map<String, Long> counts) {
    static final JfrFile EMPTY = new JfrFile(Map.of());
    private static final Pattern ROW = Pattern.compile("(?m)^ *([A-Za-z0-9.]+) +(\\d+) +\\d+ *$");

    /** Reads a file. */
    static JfrFile of(Path file) throws IOException, InterruptedException {
        Map<String, Long> counts = new HashMap<>();
        Matcher row = ROW.matcher(Commands.output(Path.of(System.getProperty("java.home"), "bin", "jfr").toString(),
                "summary", file.toString()));
        while (row.find()) {
            counts.put(row.group(1), Long.parseLong(row.group(2)));
        }
        return new JfrFile(counts);
    }

    long count(String type) {
        return counts.getOrDefault(type, 0L);
    }
}
