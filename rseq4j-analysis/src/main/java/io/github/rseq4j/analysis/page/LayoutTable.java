package io.github.rseq4j.analysis.page;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The lanes of all layouts, and the cells of their rows. */
final class LayoutTable {
    private final List<Long> steps = new ArrayList<>();
    private final List<CellStore.Cell> cells = new ArrayList<>();

    /**
     * A lane.
     *
     * @param rows the number of its rows
     * @param entries the entries of its JSON object
     */
    record LaneEntry(int rows, Map<String, Object> entries) {}

    /**
     * Returns a lane, and keeps its cells.
     *
     * @param lane the lane
     * @param overflow marks that found no room in their lane
     * @param counted marks that are not kept one by one, or null
     * @param nests whether the rows of the lane are depths, so that cells share them
     */
    LaneEntry lane(Layout.Lane lane, CellStore overflow, @Nullable CellStore counted, boolean nests) {
        List<Map<String, Object>> rows = new ArrayList<>();
        int used = lane.rows;
        for (Map.Entry<Integer, List<CellStore.Level>> row : overflow.rows(lane.key).entrySet()) {
            rows.add(row(used++, row.getValue(), true));
        }
        if (counted != null) {
            int base = nests ? 0 : used;
            for (Map.Entry<Integer, List<CellStore.Level>> row : counted.rows(lane.key).entrySet()) {
                int at = Math.min(base + row.getKey(), base + Layout.MAX_ROWS);
                rows.add(row(at, row.getValue(), false));
                used = Math.max(used, at + 1);
            }
        }
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", lane.name);
        entry.put("rows", Math.max(used, 1));
        entry.put("overflow", lane.overflow);
        entry.put("cells", rows);
        return new LaneEntry(Math.max(used, 1), entry);
    }

    private Map<String, Object> row(int at, List<CellStore.Level> levels, boolean isOverflow) {
        List<List<Long>> entries = new ArrayList<>();
        for (CellStore.Level level : levels) {
            entries.add(List.of(level.stepNanos(), (long) cells.size(), (long) level.cells().size()));
            level.cells().forEach((step, cell) -> {
                steps.add(step);
                cells.add(cell);
            });
        }
        return Map.of("row", at, "levels", entries, "isOverflow", isOverflow);
    }

    /** Writes the cells of all layouts as columns. */
    void write(Columns columns) throws IOException {
        columns.ascending("cell:step", steps.size(), steps::get);
        columns.integers("cell:count", cells.size(), i -> cells.get(i).count);
        columns.integers("cell:nanos", cells.size(), i -> cells.get(i).nanos);
        columns.integers("cell:longest", cells.size(), i -> cells.get(i).longest);
        columns.integers("cell:name", cells.size(), i -> cells.get(i).name);
    }
}
