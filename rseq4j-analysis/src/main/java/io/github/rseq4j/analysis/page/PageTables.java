package io.github.rseq4j.analysis.page;

import io.github.rseq4j.analysis.text.Json;
import io.github.rseq4j.analysis.text.Printable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** The data of a page as tables: JSON for what is short, columns for what is long. */
final class PageTables {
    private static final int MAX_VALUE_LANES = 60;
    private static final int MAX_LANES = 2_000;
    private static final int MAX_NAME_CHARS = 150;

    private final PageData data;
    private final LongFunction<String> threadName;
    private final List<Mark> marks;
    private final List<MarkName> names;
    private final List<Track> tracks = new ArrayList<>();
    private final Columns columns;
    private final List<Map<String, Object>> layouts = new ArrayList<>();
    private final Map<String, Integer> threadNames = new LinkedHashMap<>();
    private final LayoutTable cells = new LayoutTable();

    private record Owner(Track track, long id) {}

    PageTables(PageData data, LongFunction<String> threadName) throws IOException {
        this.data = data;
        this.threadName = threadName;
        this.marks = data.ordered();
        this.names = List.copyOf(data.names);
        this.columns = new Columns();
        threadNames.put("", 0);
        marks();
        threads();
        layouts();
        cells.write(columns);
        trees();
        series();
    }

    PageCounts counts(long maxBytes) {
        long[] all = new long[MarkName.Kind.values().length];
        long[] kept = new long[all.length];
        names.forEach(name -> all[name.kind.ordinal()] += name.count);
        long leftOut = 0;
        for (Mark mark : marks) {
            kept[mark.name.kind.ordinal()]++;
            leftOut += mark.arguments.equals(Mark.LEFT_OUT) ? 1 : 0;
        }
        int span = MarkName.Kind.SPAN.ordinal();
        int instant = MarkName.Kind.INSTANT.ordinal();
        int sample = MarkName.Kind.SAMPLE.ordinal();
        int jvm = MarkName.Kind.JVM.ordinal();
        return new PageCounts(maxBytes, all[span], kept[span], data.spans.longestDropped(), all[instant],
                kept[instant], all[sample], kept[sample], all[jvm], kept[jvm], leftOut);
    }

    private void marks() throws IOException {
        int count = marks.size();
        columns.ascending("begin", count, i -> marks.get(i).begin);
        columns.integers("nanos", count, i -> marks.get(i).nanos);
        columns.integers("cut", count, i -> marks.get(i).whole - marks.get(i).nanos);
        columns.integers("name", count, i -> marks.get(i).name.index);
        columns.integers("cpu", count, i -> marks.get(i).cpu);
        columns.integers("endCpu", count, i -> marks.get(i).endCpu - marks.get(i).cpu);
        columns.integers("childNanos", count, i -> marks.get(i).childNanos);
        columns.integers("children", count, i -> marks.get(i).children);
        columns.integers("flags", count, i -> marks.get(i).flags);
        columns.integers("stack", count, i -> marks.get(i).stack);
        columns.integers("parent", count, i -> {
            Mark parent = marks.get(i).parent;
            return parent == null ? 0 : i - parent.index;
        });
    }

    private void threads() throws IOException {
        Map<Owner, Integer> threads = new LinkedHashMap<>();
        Map<Track, Integer> trackNumbers = new HashMap<>();
        List<Integer> ofTrack = new ArrayList<>();
        List<Integer> nameOf = new ArrayList<>();
        int[] ofMark = new int[marks.size()];
        for (Mark mark : marks) {
            ofMark[mark.index] = threads.computeIfAbsent(new Owner(mark.track, mark.threadId), thread -> {
                ofTrack.add(trackNumbers.computeIfAbsent(thread.track(), track -> {
                    tracks.add(track);
                    return tracks.size() - 1;
                }));
                String name = thread.track().kind == Track.Kind.THREAD ? "" : threadName.apply(thread.id());
                nameOf.add(threadNames.computeIfAbsent(name, _ -> threadNames.size()));
                return threads.size();
            });
        }
        List<Owner> all = List.copyOf(threads.keySet());
        columns.integers("thread", ofMark.length, i -> ofMark[i]);
        columns.ascending("threadId", all.size(), i -> all.get(i).id());
        columns.integers("threadTrack", all.size(), ofTrack::get);
        columns.integers("threadName", all.size(), nameOf::get);
    }

    private void layouts() throws IOException {
        layout("thread", "thread", mark -> mark.track, key -> key instanceof Track track ? track.name : "other threads",
                data.byTrack, key -> key instanceof Track track && track.kind == Track.Kind.THREAD);
        layout("provider", "provider", mark -> mark.name.provider(), key -> key instanceof String text ? text
                : "other providers", data.byProvider, _ -> false);
        layout("cpu", "CPU (of the begin)", mark -> mark.cpu, key -> key instanceof Integer cpu && cpu >= 0 ? "cpu "
                + cpu : "other or unknown CPUs", data.byCpu, _ -> false);
        for (String field : FieldLanes.of(marks)) {
            layout("field:" + field, "field " + field, mark -> mark.value(field), key -> key instanceof String text
                    ? field + " = " + text : "other values, or without " + field, null, _ -> false);
        }
    }

    private void layout(String key, String title, Function<Mark, @Nullable Object> laneOf,
            Function<Object, String> name, @Nullable CellStore counted, Function<Object, Boolean> nests)
            throws IOException {
        Layout layout = new Layout(marks, laneOf, key.startsWith("field:") ? MAX_VALUE_LANES : MAX_LANES,
                each -> Printable.cut(name.apply(each), MAX_NAME_CHARS));
        if (counted != null) {
            counted.lanes().forEach(each -> layout.lane(each, name));
        }
        List<Map<String, Object>> lanes = new ArrayList<>();
        Map<Object, Integer> firstRows = new HashMap<>();
        int row = 0;
        for (Layout.Lane lane : layout.lanes()) {
            firstRows.put(lane.key, row);
            LayoutTable.LaneEntry entry = cells.lane(lane, layout.overflow(), counted, nests.apply(lane.key));
            lanes.add(entry.entries());
            row += entry.rows();
        }
        ToIntFunction<Mark> first = mark -> firstRows.getOrDefault(layout.laneOf(mark), 0);
        columns.integers("row:" + key, marks.size(), i -> layout.rows().applyAsInt(marks.get(i)) < 0 ? -1
                : first.applyAsInt(marks.get(i)) + layout.rows().applyAsInt(marks.get(i)));
        layouts.add(Map.of("key", key, "title", title, "lanes", lanes, "hasCells", counted != null));
    }

    private void trees() throws IOException {
        for (Map.Entry<String, CallTree> each : Map.of("spanTree", data.spanTree, "sampleTree", data.sampleTree)
                .entrySet()) {
            List<CallTree.Node> nodes = each.getValue().nodes();
            columns.integers(each.getKey() + ":parent", nodes.size(), i -> i - nodes.get(i).parent);
            columns.integers(each.getKey() + ":count", nodes.size(), i -> nodes.get(i).count);
            columns.integers(each.getKey() + ":total", nodes.size(), i -> nodes.get(i).total);
            columns.integers(each.getKey() + ":self", nodes.size(), i -> nodes.get(i).self);
        }
    }

    private void series() throws IOException {
        int[] counts = new int[Series.STEPS];
        for (Series.Values rate : data.rates.all()) {
            columns.integers("rate:" + rate.name, Series.STEPS, step -> rate.counts[step]);
            Arrays.setAll(counts, step -> counts[step] + rate.counts[step]);
        }
        int[] others = data.rates.others();
        columns.integers("rate:", Series.STEPS, step -> counts[step] + others[step]);
        for (Series.Values values : data.series.all()) {
            columns.integers("count:" + values.name, Series.STEPS, step -> values.counts[step]);
            columns.doubles("sum:" + values.name, Series.STEPS, step -> values.counts[step] == 0 ? 0
                    : values.sums[step]);
            columns.doubles("min:" + values.name, Series.STEPS, step -> values.counts[step] == 0 ? 0
                    : values.smallest[step]);
            columns.doubles("max:" + values.name, Series.STEPS, step -> values.counts[step] == 0 ? 0
                    : values.largest[step]);
        }
    }

    void json(Json json, PageCounts counts, Map<String, Object> facts) throws IOException {
        json.beginObject();
        for (Map.Entry<String, Object> fact : facts.entrySet()) {
            json.entry(fact.getKey(), fact.getValue());
        }
        json.entry("counts", Map.of("maxBytes", counts.maxBytes(), "spans", counts.spans(), "keptSpans",
                counts.keptSpans(), "shortestNanos", counts.shortestNanos(), "instants", counts.instants(),
                "keptInstants", counts.keptInstants(), "samples", counts.samples(), "keptSamples",
                counts.keptSamples(), "jvm", counts.jvm(), "leftOut", counts.leftOut()));
        json.entry("limits", counts.sentences());
        json.entry("names", names.stream().map(name -> Map.of("name", name.text, "kind", name.kind.name(), "fields",
                name.fields, "endFields", name.endFields, "count", name.count, "nanos", name.nanos, "self",
                name.selfNanos)).toList());
        json.entry("byTime", data.byTime().stream().map(name -> name.index).toList());
        json.entry("tracks", tracks.stream().map(track -> Map.of("name", track.name, "kind", track.kind.name()))
                .toList());
        json.entry("threadNames", List.copyOf(threadNames.keySet()));
        json.entry("layouts", layouts);
        json.entry("series", data.series.all().stream().map(each -> Map.of("name", each.name, "count", each.count))
                .toList());
        json.entry("seriesStepNanos", data.series.stepNanos());
        json.entry("seriesBeyond", data.series.beyond());
        json.entry("rates", data.rates.all().stream().map(each -> Map.of("name", each.name, "count", each.count))
                .toList());
        json.entry("rateStepNanos", data.rates.stepNanos());
        json.entry("spanTreeNames", data.spanTree.nodes().stream().map(node -> node.name).toList());
        json.entry("sampleTreeNames", data.sampleTree.nodes().stream().map(node -> node.name).toList());
        json.entry("columns", columns.index());
        json.endObject();
    }

    byte[] columns() throws IOException {
        return columns.text();
    }

    /** Returns the arguments of all marks, one mark after the other, each ended by a line feed. */
    byte[] arguments() throws IOException {
        Columns lines = new Columns();
        for (Mark mark : marks) {
            lines.raw(mark.arguments.getBytes(StandardCharsets.UTF_8));
            lines.raw(new byte[] {'\n'});
        }
        return lines.text();
    }
}
