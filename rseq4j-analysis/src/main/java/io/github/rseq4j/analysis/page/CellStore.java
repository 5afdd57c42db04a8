package io.github.rseq4j.analysis.page;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts the marks that are not kept one by one, by lane, depth and step of time. */
final class CellStore {
    /* How it works
     *
     * A cell counts the marks of one lane and one depth that begin in one step of time. The steps are as fine as the
     * limit of cells allows: beyond it, each four steps become one, in all lanes. At the end a row of cells is written
     * in levels. Each level has steps of four times the length, until few cells are left, so that a page draws about
     * one cell for each pixel at every scale.
     */
    static final int FACTOR = 4;
    private static final int FEW = 512;
    /** The deepest row of cells; deeper marks are counted in it. */
    private static final int MAX_DEPTH = 63;

    private final int limit;
    private final Map<Object, Map<Integer, Map<Long, Cell>>> lanes = new HashMap<>();
    private long stepNanos = 1;
    private int cells;

    /** The marks of one lane, depth and step. */
    static final class Cell {
        long count;
        long nanos;
        long longest = -1;
        int name;

        private void add(long more, long length, long each, int ofName) {
            count += more;
            nanos += length;
            if (each > longest) {
                longest = each;
                name = ofName;
            }
        }
    }

    /**
     * The cells of a row at one scale.
     *
     * @param stepNanos the length of a step
     * @param cells the cells by the number of their step
     */
    record Level(long stepNanos, TreeMap<Long, Cell> cells) {}

    CellStore(int limit) {
        this.limit = limit;
    }

    /** Counts a mark in a lane, at a depth. */
    void add(Object lane, int depth, Mark mark) {
        Cell cell = lanes.computeIfAbsent(lane, _ -> new TreeMap<>())
                .computeIfAbsent(Math.min(depth, MAX_DEPTH), _ -> new HashMap<>())
                .computeIfAbsent(mark.begin / stepNanos, _ -> {
                    cells++;
                    return new Cell();
                });
        cell.add(1, mark.nanos, mark.nanos, mark.name.index);
        while (cells > limit) {
            stepNanos *= FACTOR;
            cells = 0;
            for (Map<Integer, Map<Long, Cell>> lane1 : lanes.values()) {
                lane1.replaceAll((_, row) -> coarser(row, new HashMap<>()));
                lane1.values().forEach(row -> cells += row.size());
            }
            if (stepNanos > Long.MAX_VALUE / FACTOR / FACTOR) {
                break;
            }
        }
    }

    private static <M extends Map<Long, Cell>> M coarser(Map<Long, Cell> row, M into) {
        row.forEach((step, cell) -> into.computeIfAbsent(step / FACTOR, _ -> new Cell())
                .add(cell.count, cell.nanos, cell.longest, cell.name));
        return into;
    }

    /** Returns the lanes that have cells. */
    Iterable<Object> lanes() {
        return lanes.keySet();
    }

    /** Returns the rows of a lane by depth, each with its levels, the finest first. */
    Map<Integer, List<Level>> rows(Object lane) {
        Map<Integer, List<Level>> rows = new TreeMap<>();
        lanes.getOrDefault(lane, Map.of()).forEach((depth, row) -> {
            List<Level> levels = new ArrayList<>();
            TreeMap<Long, Cell> level = new TreeMap<>(row);
            for (long step = stepNanos;; step *= FACTOR) {
                levels.add(new Level(step, level));
                if (level.size() <= FEW || step > Long.MAX_VALUE / FACTOR / FACTOR) {
                    break;
                }
                level = coarser(level, new TreeMap<>());
            }
            rows.put(depth, levels);
        });
        return rows;
    }
}
