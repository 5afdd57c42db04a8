package io.github.rseq4j.bench.suite;

import io.github.rseq4j.bench.suite.Results.FamilyResult;
import io.github.rseq4j.bench.suite.Results.GoalResult;
import io.github.rseq4j.bench.suite.Results.RowResult;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Results as tables of text. */
final class TextReport {
    /** The blanks after the longest name, of which "  x " takes four. */
    private static final int MARGIN = 6;
    private static final int CELL_WIDTH = 22;

    private TextReport() {}

    static void print(Results results, PrintWriter out) {
        out.println(results.machine().text());
        out.println("This is " + results.extent() + ". Mean [interval of 95 %]; x: ours divided by the other, with its"
                + " interval.");
        results.families().stream().filter(family -> family.rows().stream().anyMatch(row -> !row.times().isEmpty()))
                .forEach(family -> print(family, out));
        out.println();
        out.println(Stream.of(Verdict.values()).map(verdict -> results.count(verdict) + " " + verdict)
                .collect(Collectors.joining(", ", "Goals: ", "")));
        out.println();
        out.println("This machine cannot show");
        results.machine().cannotShow().forEach(sentence -> out.println("  " + sentence));
        out.flush();
    }

    private static void print(FamilyResult family, PrintWriter out) {
        List<Integer> threads = family.rows().stream().flatMap(row -> row.times().stream())
                .map(Results.Time::threads).distinct().sorted().toList();
        int width = Math.max(family.rows().stream().mapToInt(row -> name(row).length()).max().orElse(0),
                family.ratios().stream().mapToInt(each -> each.ours().length() + each.beside().length()).max()
                        .orElse(0)) + MARGIN;
        out.println();
        out.println(family.name() + ": " + family.title() + ", " + family.unit());
        out.println(line("", width, threads.stream().map(Numbers::threads)));
        for (RowResult row : family.rows()) {
            out.println(row.missing() != null ? cell(name(row), width) + "not measured: " + row.missing()
                    : line(name(row), width, threads.stream().map(n -> row.times().stream()
                            .filter(time -> time.threads() == n).map(time -> row.side() == Side.OURS
                                    ? Numbers.up(time.time()) : Numbers.down(time.time())).findFirst().orElse("-"))));
        }
        for (RowResult row : family.rows()) {
            List<String> ours = family.ratios().stream().filter(ratio -> ratio.beside().equals(row.name()))
                    .map(Results.Ratio::ours).distinct().toList();
            for (String each : ours) {
                String name = ratio(each, row.name(), ours);
                out.println(line(name, width, threads.stream().map(n -> family.ratios().stream()
                        .filter(ratio -> ratio.ours().equals(each) && ratio.beside().equals(row.name())
                                && ratio.threads() == n)
                        .map(ratio -> Numbers.up(ratio.ratio())).findFirst().orElse("-"))));
            }
        }
        family.goals().forEach(goal -> out.println("  " + text(goal)));
    }

    /** Names the row of ours where several have a ratio to the other one. */
    private static String ratio(String ours, String beside, List<String> all) {
        return "  " + (all.size() == 1 ? "" : ours + " ") + "x " + beside;
    }

    private static String name(RowResult row) {
        return (row.side() == Side.LIMIT ? "limit: " : "") + row.name();
    }

    private static String line(String name, int width, Stream<String> cells) {
        return (cell(name, width) + cells.map(text -> cell(text, CELL_WIDTH)).collect(Collectors.joining()))
                .stripTrailing();
    }

    /** Returns a goal and its verdict in one line. */
    static String text(GoalResult goal) {
        String figures = goal.ours() == null || goal.most() == null ? ""
                : " (" + Numbers.up(goal.ours()) + " beside " + Numbers.down(goal.most()) + ")";
        return goal.verdict().toString().toUpperCase(Locale.ROOT) + ": " + goal.goal() + ", "
                + Numbers.threads(goal.threads()) + figures;
    }

    private static String cell(String text, int width) {
        return text.length() >= width ? text + "  " : text + " ".repeat(width - text.length());
    }
}
