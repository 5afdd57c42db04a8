package io.github.rseq4j.analysis.page;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Collects what a page shows: marks one by one, counts of the others, numeric fields, and the data of flame graphs. */
public final class PageData {
    /* How it works
     *
     * The memory is bounded by the heap and by the size of the page, not by the trace: MarkStore keeps the longest
     * spans and a choice of instants and samples, CellStore counts the others by lane, depth and time.
     */
    private static final int MARK_BYTES = 512;
    private static final int PAGE_BYTES_OF_MARK = 5;
    private static final int CELL_BYTES = 8192;
    private static final int MAX_CELLS = 1 << 15;
    private static final int NODE_BYTES = 8192;
    private static final int MAX_NODES = 20_000;
    /** A name has some 300 bytes in the page, where names are not compressed. */
    private static final int PAGE_BYTES_OF_NAME = 2048;
    private static final int MAX_SERIES = 40;
    private static final int MAX_RATES = 60;
    private static final int ARGUMENT_PART = 12;
    private static final int OTHER_PARTS = 4;

    final MarkStore spans;
    final MarkStore instants;
    final MarkStore samples;
    final MarkStore jvm;
    final CellStore byTrack;
    final CellStore byProvider;
    final CellStore byCpu;
    final Series series = new Series(MAX_SERIES);
    /** The events by name; only the numbers of values count. */
    final Series rates = new Series(MAX_RATES);
    final CallTree spanTree;
    final CallTree sampleTree;
    final Set<MarkName> names = new LinkedHashSet<>();
    private final int maxNames;
    private final long maxArgumentChars;
    private long argumentChars;

    /** @param maxPageBytes the most bytes of the page */
    public PageData(long maxPageBytes) {
        long heap = Runtime.getRuntime().maxMemory();
        int most = Math.clamp(Math.min(heap / MARK_BYTES / 2, maxPageBytes / PAGE_BYTES_OF_MARK), 1_000,
                1 << 23);
        spans = new MarkStore(true, most, this::dropped);
        instants = new MarkStore(false, most / OTHER_PARTS, this::dropped);
        samples = new MarkStore(false, most / OTHER_PARTS, this::dropped);
        jvm = new MarkStore(true, most / OTHER_PARTS, this::dropped);
        int cells = Math.clamp(heap / CELL_BYTES, 1_000, MAX_CELLS);
        byTrack = new CellStore(cells);
        byProvider = new CellStore(cells);
        byCpu = new CellStore(cells);
        int nodes = Math.clamp(heap / NODE_BYTES, 1_000, MAX_NODES);
        spanTree = new CallTree(nodes);
        sampleTree = new CallTree(nodes);
        maxNames = (int) (maxPageBytes / PAGE_BYTES_OF_NAME);
        maxArgumentChars = heap / ARGUMENT_PART;
    }

    /** Returns the most names of marks that a page has. */
    public int maxNames() {
        return maxNames;
    }

    /** Returns the spans by the names around them. */
    public CallTree spanTree() {
        return spanTree;
    }

    /** Returns the samples by their stacks. */
    public CallTree sampleTree() {
        return sampleTree;
    }

    /** Adds a mark. */
    public void add(Mark mark) {
        if (names.add(mark.name)) {
            mark.name.index = names.size() - 1;
        }
        mark.name.count++;
        mark.name.nanos += mark.whole;
        mark.name.selfNanos += mark.self();
        mark.track.count++;
        mark.track.nanos += mark.depth == 0 ? mark.nanos : 0;
        argumentChars += mark.arguments.length();
        switch (mark.name.kind) {
            case SPAN -> spans.add(mark);
            case INSTANT -> instants.add(mark);
            case SAMPLE -> samples.add(mark);
            case JVM -> jvm.add(mark);
        }
        if (argumentChars > maxArgumentChars) {
            for (MarkStore store : List.of(spans, instants, samples, jvm)) {
                store.keepArguments(store.marks().size() / 2);
            }
            argumentChars = marks().stream().mapToLong(each -> each.arguments.length()).sum();
        }
    }

    /**
     * Adds a value of a numeric field.
     *
     * @param name the event and the field
     * @param nanos the time since the first event, in nanoseconds
     * @param value the value
     */
    public void value(String name, long nanos, double value) {
        series.add(name, nanos, value);
    }

    /**
     * Replaces the numbers of the samples' addresses by nodes of the tree.
     *
     * @param nodes the node of each number; the last entry is that of all other numbers
     */
    public void setStacks(int[] nodes) {
        for (Mark mark : samples.marks()) {
            mark.stack(nodes[mark.stack < 0 ? nodes.length - 1 : mark.stack]);
        }
    }

    /**
     * Counts an event over time.
     *
     * @param name its name
     * @param nanos the time since the first event, in nanoseconds
     */
    public void event(String name, long nanos) {
        rates.add(name, nanos, 0);
    }

    private void dropped(Mark mark) {
        argumentChars -= mark.arguments.length();
        byTrack.add(mark.track, mark.depth, mark);
        byProvider.add(mark.name.provider(), mark.depth, mark);
        byCpu.add(mark.cpu, mark.depth, mark);
        // A reader of the trace may keep the mark.
        mark.arguments("");
    }

    /** Returns the kept marks, in the order of the page, with their parents. */
    List<Mark> marks() {
        List<Mark> marks = new ArrayList<>();
        Stream.of(spans, instants, samples, jvm).forEach(store -> marks.addAll(store.marks()));
        return marks;
    }

    /** Keeps fewer marks, and the arguments of fewer marks: parts of those that are kept now. */
    void keep(double part, double argumentsPart) {
        for (MarkStore store : List.of(spans, instants, samples, jvm)) {
            store.keep((int) (store.marks().size() * part));
            long with = store.marks().stream().filter(mark -> !mark.arguments.isEmpty()
                    && !mark.arguments.equals(Mark.LEFT_OUT)).count();
            store.keepArguments((int) (with * argumentsPart));
        }
    }

    /** Returns the kept marks in the order of a page, numbered and with their parents. */
    List<Mark> ordered() {
        List<Mark> marks = marks();
        marks.sort(Mark.BY_BEGIN);
        for (int i = 0; i < marks.size(); i++) {
            marks.get(i).index = i;
        }
        Nesting.set(marks);
        return marks;
    }

    /** Returns the names, those with the most time first. */
    List<MarkName> byTime() {
        return names.stream().sorted(Comparator.comparingDouble((MarkName name) -> name.nanos).reversed()
                .thenComparing(Comparator.comparingLong((MarkName name) -> name.count).reversed())).toList();
    }
}
