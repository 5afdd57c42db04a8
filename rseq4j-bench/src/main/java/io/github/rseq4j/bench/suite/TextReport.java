package io.github.rseq4j.bench.suite;

import io.github.rseq4j.bench.suite.Results.FamilyResult;
import io.github.rseq4j.bench.suite.Results.GoalResult;
import io.github.rseq4j.bench.suite.Results.Ratio;
import io.github.rseq4j.bench.suite.Results.RowResult;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Results as tables of text. */
final class TextReport {
    private static final int NAME_WIDTH = 40;
    private static final int CELL_WIDTH = 22;

    private TextReport() {}

    static void print(Results results, PrintWriter out) {
        out.println(results.machine().text());
        out.println((results.isQuick() ? "Quick run" : "Run") + " of " + results.rounds()
                + (results.rounds() == 1 ? " round." : " rounds.")
                + " Mean [interval of 95 %]; x: ours divided by the other, with its interval.");
        results.families().stream().filter(family -> family.rows().stream().anyMatch(row -> !row.times().isEmpty()))
                .forEach(family -> print(family, out));
        out.println();
        out.println("This machine cannot show");
        results.machine().cannotShow().forEach(sentence -> out.println("  " + sentence));
        out.flush();
    }

    private static void print(FamilyResult family, PrintWriter out) {
        List<Integer> threads = family.rows().stream().flatMap(row -> row.times().stream())
                .map(Results.Time::threads).distinct().sorted().toList();
        out.println();
        out.println(cell(family.name() + ": " + family.title() + ", " + family.unit(), NAME_WIDTH * 2));
        out.println(cell("", NAME_WIDTH) + threads.stream().map(n -> cell(n + (n == 1 ? " thread" : " threads"),
                CELL_WIDTH)).collect(Collectors.joining()).stripTrailing());
        family.rows().forEach(row -> print(row, threads, out));
        String ours = family.rows().getFirst().name();
        family.rows().stream().filter(row -> row.side() != Side.OURS && row.missing() == null).forEach(row ->
                out.println((cell("  x " + row.name(), NAME_WIDTH) + threads.stream().map(n -> family.ratios().stream()
                        .filter(ratio -> ratio.ours().equals(ours) && ratio.beside().equals(row.name())
                                && ratio.threads() == n)
                        .map(Ratio::ratio).map(TextReport::up).findFirst().orElse("-"))
                        .map(text -> cell(text, CELL_WIDTH)).collect(Collectors.joining())).stripTrailing()));
        family.goals().forEach(goal -> out.println("  " + text(goal)));
    }

    private static void print(RowResult row, List<Integer> threads, PrintWriter out) {
        String name = (row.side() == Side.LIMIT ? "limit: " : "") + row.name();
        out.println((cell(name, NAME_WIDTH) + (row.missing() != null ? "not measured: " + row.missing()
                : threads.stream().map(n -> row.times().stream().filter(time -> time.threads() == n)
                        .map(time -> row.side() == Side.OURS ? up(time.time()) : down(time.time())).findFirst()
                        .orElse("-")).map(text -> cell(text, CELL_WIDTH)).collect(Collectors.joining())))
                .stripTrailing());
    }

    /** Returns a goal and its verdict in one line. */
    static String text(GoalResult goal) {
        String figures = goal.ours() == null || goal.most() == null ? ""
                : " (" + up(goal.ours()) + " beside " + down(goal.most()) + ")";
        return goal.verdict().toString().toUpperCase(Locale.ROOT) + ": " + goal.goal() + ", "
                + goal.threads() + (goal.threads() == 1 ? " thread" : " threads") + figures;
    }

    private static String up(Interval interval) {
        return Numbers.up(interval.value()) + " [" + Numbers.down(interval.low()) + " " + Numbers.up(interval.high())
                + "]";
    }

    private static String down(Interval interval) {
        return Numbers.down(interval.value()) + " [" + Numbers.down(interval.low()) + " " + Numbers.up(interval.high())
                + "]";
    }

    private static String cell(String text, int width) {
        return text.length() >= width ? text + "  " : text + " ".repeat(width - text.length());
    }
}
