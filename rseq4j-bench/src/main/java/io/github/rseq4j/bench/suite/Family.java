package io.github.rseq4j.bench.suite;

import java.util.List;

/**
 * Operations that are compared with one another.
 *
 * @param name its name in the command line
 * @param title what one operation is
 * @param unit the unit of its figures, {@code ns} or {@code ms}
 * @param isContended whether threads that run at the same time disturb each other in one of its rows
 * @param isLong whether a quick run leaves it out, unless it is named
 * @param rows what is measured; the first row is ours
 * @param goals its goals
 */
record Family(String name, String title, String unit, boolean isContended, boolean isLong, List<Row> rows,
        List<Goal> goals) {
    /** A family that each run measures. */
    Family(String name, String title, String unit, boolean isContended, List<Row> rows, List<Goal> goals) {
        this(name, title, unit, isContended, false, rows, goals);
    }

    Family {
        List<String> names = rows.stream().map(Row::name).toList();
        for (Goal goal : goals) {
            if (!names.contains(goal.ours()) || !names.containsAll(goal.peers())) {
                throw new IllegalArgumentException("goal=" + goal + " names a row that is not in " + names);
            }
        }
    }
}
