package io.github.rseq4j.analysis.page;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** Places marks in lanes, and in each lane in rows, so that no two spans of a row overlap. */
final class Layout {
    /* How it works
     *
     * A root is a mark without a parent in its lane. A span in a root has the first free row below its parent; an
     * instant has the row of its parent. The rows of a root make a block. Blocks are placed in the order of their
     * begins, each in the uppermost rows that are free. So the spans of one thread lie as they nest, and many virtual
     * threads share as few rows as run at the same time. A block that finds no room in MAX_ROWS is counted in cells.
     */
    /** The most rows of a lane. */
    static final int MAX_ROWS = 256;
    private static final int OVERFLOW_CELLS = 1 << 14;
    private static final int NOT_PLACED = -1;
    /** The lane of what has no lane of its own. */
    static final Object OTHERS = new Object();

    private final List<Mark> marks;
    private final Map<Object, Lane> lanes = new LinkedHashMap<>();
    private final Object[] keys;
    private final int[] rows;
    private final CellStore overflow;

    /** A lane and its rows. */
    static final class Lane {
        final Object key;
        final String name;
        double weight;
        int rows;
        long overflow;
        private long[] ends = new long[0];

        Lane(Object key, String name) {
            this.key = key;
            this.name = name;
        }

        /** Returns the uppermost free rows for a block, or -1; the rows are then taken. */
        private int place(long begin, long end, int height) {
            int free = 0;
            for (int row = 0; row < MAX_ROWS; row++) {
                free = row >= ends.length || ends[row] <= begin ? free + 1 : 0;
                if (free == height) {
                    if (row >= ends.length) {
                        ends = Arrays.copyOf(ends, row + 1);
                    }
                    Arrays.fill(ends, row - height + 1, row + 1, end);
                    rows = Math.max(rows, row + 1);
                    return row - height + 1;
                }
            }
            return NOT_PLACED;
        }
    }

    /** The rows of a root. */
    private static final class Block {
        private int height = 1;
        private long end;
        private int base;
        private long[] ends = new long[1];
    }

    /**
     * Places marks.
     *
     * @param marks the marks, in the order {@link Mark#BY_BEGIN}, with their parents
     * @param laneOf returns the key of a mark's lane, or null for the lane of its parent
     * @param maxLanes the most lanes; all other marks have one more lane
     * @param name returns the label of a lane
     */
    Layout(List<Mark> marks, Function<Mark, @Nullable Object> laneOf, int maxLanes, Function<Object, String> name) {
        this.marks = marks;
        this.rows = new int[marks.size()];
        this.overflow = new CellStore(OVERFLOW_CELLS);
        @Nullable Object[] wanted = new Object[marks.size()];
        Map<Object, Lane> all = new HashMap<>();
        for (Mark mark : marks) {
            Mark parent = mark.parent;
            @Nullable Object key = laneOf.apply(mark);
            if (key == null) {
                key = parent == null ? OTHERS : Objects.requireNonNull(wanted[parent.index]);
            }
            wanted[mark.index] = key;
            boolean isRoot = parent == null || !key.equals(wanted[parent.index]);
            all.computeIfAbsent(key, k -> new Lane(k, name.apply(k))).weight += isRoot ? mark.nanos + 1.0 : 1;
        }
        all.values().stream().filter(lane -> lane.key != OTHERS)
                .sorted(Comparator.comparing((Lane lane) -> !(lane.key instanceof Track track)
                        || track.kind != Track.Kind.JVM)
                        .thenComparing(Comparator.comparingDouble((Lane lane) -> lane.weight).reversed()))
                .limit(maxLanes).forEach(lane -> lanes.put(lane.key, lane));
        if (all.keySet().stream().anyMatch(key -> !lanes.containsKey(key))) {
            lanes.put(OTHERS, new Lane(OTHERS, name.apply(OTHERS)));
        }
        this.keys = new Object[marks.size()];
        for (int i = 0; i < keys.length; i++) {
            @Nullable Object key = wanted[i];
            keys[i] = key != null && lanes.containsKey(key) ? key : OTHERS;
        }
        place();
    }

    /** Returns the key of the lane of a mark. */
    Object laneOf(Mark mark) {
        return keys[mark.index];
    }

    private void place() {
        Block[] blocks = new Block[marks.size()];
        for (Mark mark : marks) {
            Mark parent = mark.parent;
            Block block;
            if (parent == null || !laneOf(parent).equals(laneOf(mark))) {
                block = new Block();
                block.end = mark.end();
                block.ends[0] = mark.end();
            } else {
                block = blocks[parent.index];
                rows[mark.index] = mark.name.isBar() ? rowIn(block, rows[parent.index], mark)
                        : rows[parent.index];
            }
            blocks[mark.index] = block;
        }
        for (Mark mark : marks) {
            Mark parent = mark.parent;
            Block block = blocks[mark.index];
            Lane lane = lanes.get(laneOf(mark));
            if (lane == null) {
                throw new IllegalStateException("mark=" + mark.index + " has no lane");
            }
            if (parent == null || blocks[parent.index] != block) {
                block.base = lane.place(mark.begin, block.end, block.height);
            }
            if (block.base == NOT_PLACED) {
                lane.overflow++;
                overflow.add(lane.key, 0, mark);
            }
            rows[mark.index] = block.base == NOT_PLACED ? NOT_PLACED : rows[mark.index] + block.base;
        }
    }

    private static int rowIn(Block block, int around, Mark mark) {
        int row = around + 1;
        while (row < block.ends.length && block.ends[row] > mark.begin && row < MAX_ROWS - 1) {
            row++;
        }
        if (row >= block.ends.length) {
            block.ends = Arrays.copyOf(block.ends, row + 1);
        }
        block.ends[row] = Math.max(block.ends[row], mark.end());
        block.height = Math.max(block.height, row + 1);
        return row;
    }

    /** Returns the lanes in the order of the page. */
    List<Lane> lanes() {
        return new ArrayList<>(lanes.values());
    }

    /** Adds a lane for cells of a key that has no mark; returns the lane of the key. */
    Lane lane(Object key, Function<Object, String> name) {
        return lanes.computeIfAbsent(key, k -> new Lane(k, name.apply(k)));
    }

    /** Returns the row of a mark in its lane, or -1 if it found no room and is counted in cells. */
    ToIntFunction<Mark> rows() {
        return mark -> rows[mark.index];
    }

    /** Returns the marks that found no room. */
    CellStore overflow() {
        return overflow;
    }
}
