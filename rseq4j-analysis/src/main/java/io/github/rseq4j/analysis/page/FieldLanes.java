package io.github.rseq4j.analysis.page;

import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds the fields whose values can be the lanes of a page. */
final class FieldLanes {
    /** The most fields that are offered. */
    static final int MAX_FIELDS = 8;
    /** The most values of an offered field. With more, such as numbers of requests, each would have a lane. */
    private static final int MAX_VALUES = 300;

    private FieldLanes() {}

    /** Returns the names of fields with few different values, those that the most marks have first. */
    static List<String> of(List<Mark> marks) {
        Map<String, Set<String>> values = new LinkedHashMap<>();
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (Mark mark : marks) {
            for (String field : mark.name.kind == MarkName.Kind.SPAN ? mark.name.fields : List.<String>of()) {
                Set<String> seen = values.computeIfAbsent(field, _ -> new HashSet<>());
                String value = seen.size() > MAX_VALUES ? null : mark.value(field);
                if (value != null) {
                    seen.add(value);
                    counts.merge(field, 1, Integer::sum);
                }
            }
        }
        return values.entrySet().stream().filter(each -> each.getValue().size() > 1
                && each.getValue().size() <= MAX_VALUES)
                .sorted(Comparator.comparingInt((Map.Entry<String, Set<String>> each) ->
                        -counts.getOrDefault(each.getKey(), 0)))
                .limit(MAX_FIELDS).map(Map.Entry::getKey).toList();
    }
}
