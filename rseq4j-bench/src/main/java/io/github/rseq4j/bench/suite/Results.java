package io.github.rseq4j.bench.suite;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The results of a run. This is what {@code --json} writes. Times are in the unit of the family. Intervals have a
 * confidence of 95 %; see {@link Interval}.
 *
 * @param date the day, as in 2026-11-29
 * @param machine the machine
 * @param isQuick whether the run was a quick one
 * @param rounds the number of whole rounds
 * @param ended why the run ended in the middle of a round, or null
 * @param families the families
 */
record Results(String date, Machine machine, @JsonProperty("quick") boolean isQuick, int rounds,
        @Nullable String ended, List<FamilyResult> families) {
    /**
     * A family.
     *
     * @param name its name in the command line
     * @param title what one operation is
     * @param unit {@code ns} or {@code ms}
     * @param rows its rows
     * @param ratios ours beside each peer and limit
     * @param goals its goals
     */
    record FamilyResult(String name, String title, String unit, List<RowResult> rows, List<Ratio> ratios,
            List<GoalResult> goals) {}

    /**
     * A row.
     *
     * @param name its name
     * @param side what it is
     * @param group the operation, if the family has several
     * @param times its times by the number of threads; none if it was not measured
     * @param missing why it was not measured, or null
     */
    record RowResult(String name, Side side, String group, List<Time> times, @Nullable String missing) {}

    /**
     * The time of an operation.
     *
     * @param threads the number of threads
     * @param time the mean and its interval
     * @param rounds the iterations of each round
     */
    record Time(int threads, Interval time, List<double[]> rounds) {}

    /**
     * A ratio of times.
     *
     * @param ours the row of rseq4j
     * @param beside the other row
     * @param threads the number of threads
     * @param ratio the time of ours divided by that of the other row
     */
    record Ratio(String ours, String beside, int threads, Interval ratio) {}

    /**
     * A goal and its verdict for a number of threads.
     *
     * @param goal the goal in words
     * @param threads the number of threads
     * @param ours the time of ours, or null
     * @param most the most that the goal allows, by the peers of this run, or null
     * @param verdict the verdict
     */
    record GoalResult(String goal, int threads, @Nullable Interval ours, @Nullable Interval most, Verdict verdict) {}

    static Results of(String date, Machine machine, Plan plan, Suite suite, List<Family> families) {
        return new Results(date, machine, plan.isQuick(), suite.rounds(), suite.ended(), families.stream()
                .map(family -> result(family, plan, suite.measurements())).toList());
    }

    /** {@return the extent of the run in words} */
    String extent() {
        return (isQuick ? "a quick run" : "a run") + " of " + rounds + (rounds == 1 ? " round" : " rounds")
                + (ended == null ? "" : " (" + ended + ")");
    }

    /** Returns the number of goals with a verdict. */
    long count(Verdict verdict) {
        return families.stream().flatMap(family -> family.goals().stream()).filter(goal -> goal.verdict() == verdict)
                .count();
    }

    private static FamilyResult result(Family family, Plan plan, Measurements measurements) {
        List<Integer> threads = plan.threads(family);
        List<RowResult> rows = family.rows().stream().map(row -> new RowResult(row.name(), row.side(), row.group(),
                threads.stream().flatMap(n -> time(family, row, n, measurements)).toList(),
                measurements.missing(family, row))).toList();
        List<Ratio> ratios = threads.stream().flatMap(n -> ratios(family, n, measurements)).toList();
        List<GoalResult> goals = new ArrayList<>();
        for (Goal goal : family.goals()) {
            threads.stream().filter(goal.threads()::contains)
                    .forEach(n -> goals.add(result(family, goal, n, measurements)));
        }
        return new FamilyResult(family.name(), family.title(), family.unit(), rows, ratios, goals);
    }

    /** Returns the ratios of each row of ours to the peers and then to the limits. */
    private static Stream<Ratio> ratios(Family family, int threads, Measurements measurements) {
        List<Ratio> ratios = new ArrayList<>();
        for (Row ours : of(family, Side.OURS)) {
            for (Row other : Stream.of(Side.PEER, Side.LIMIT).flatMap(side -> of(family, side).stream()).toList()) {
                Interval ratio = !other.group().isEmpty() && !other.group().equals(ours.group()) ? null
                        : measurements.interval(family, List.of(ours.name(), other.name()), threads,
                                means -> means[0] / means[1]);
                if (ratio != null) {
                    ratios.add(new Ratio(ours.name(), other.name(), threads, ratio));
                }
            }
        }
        return ratios.stream();
    }

    private static List<Row> of(Family family, Side side) {
        return family.rows().stream().filter(row -> row.side() == side).toList();
    }

    private static Stream<Time> time(Family family, Row row, int threads, Measurements measurements) {
        Interval time = measurements.interval(family, List.of(row.name()), threads, means -> means[0]);
        return time == null ? Stream.empty()
                : Stream.of(new Time(threads, time, measurements.rounds(family, row, threads)));
    }

    private static GoalResult result(Family family, Goal goal, int threads, Measurements measurements) {
        String text = goal.text(family.unit());
        List<String> rows = new ArrayList<>(List.of(goal.ours()));
        rows.addAll(goal.peers());
        Interval beyond = measurements.interval(family, rows, threads, means -> means[0] - goal.most(means, 1));
        if (beyond == null) {
            return new GoalResult(text, threads, null, null, Verdict.NOT_MEASURED);
        }
        return new GoalResult(text, threads,
                measurements.interval(family, List.of(goal.ours()), threads, means -> means[0]),
                measurements.interval(family, goal.peers(), threads, means -> goal.most(means, 0)),
                measurements.isSingle(family, rows, threads) ? Verdict.UNDECIDED : Verdict.of(beyond));
    }
}
