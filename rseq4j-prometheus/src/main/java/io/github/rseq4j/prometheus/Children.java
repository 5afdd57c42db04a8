package io.github.rseq4j.prometheus;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The series of a collector by the values of their labels.
 *
 * @param <C> the type of a series
 */
final class Children<C> {
    private final String[] names;
    private final Function<Labels, C> maker;
    private final ConcurrentHashMap<List<String>, C> children = new ConcurrentHashMap<>();

    Children(String[] names, Function<Labels, C> maker) {
        this.names = names.clone();
        this.maker = maker;
        // Refuses names that are not legal or occur twice.
        Labels.of(names, names);
        if (names.length == 0) {
            get();
        }
    }

    /** Returns the series of these values, and makes it at the first call. */
    C get(String... values) {
        if (values.length != names.length) {
            throw new IllegalArgumentException("values=" + Arrays.toString(values) + ", must be one for each of labels="
                    + Arrays.toString(names));
        }
        C child = children.get(Arrays.asList(values));
        return child != null ? child : children.computeIfAbsent(List.of(values),
                key -> maker.apply(Labels.of(names, key.toArray(new String[0]))));
    }

    void remove(String... values) {
        children.remove(Arrays.asList(values));
    }

    Set<String> names() {
        return Set.of(names);
    }

    /** Returns a point of each series. */
    <P> List<P> points(Function<C, P> point) {
        List<P> points = new ArrayList<>(children.size());
        children.values().forEach(child -> points.add(point.apply(child)));
        return points;
    }
}
