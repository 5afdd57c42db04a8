package io.github.rseq4j.bench.suite;

import io.github.rseq4j.bench.suite.Results.FamilyResult;
import io.github.rseq4j.bench.suite.Results.GoalResult;
import io.github.rseq4j.bench.suite.Results.Ratio;
import io.github.rseq4j.bench.suite.Results.RowResult;
import io.github.rseq4j.bench.suite.Results.Time;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.OutputFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * README's figures, between two pairs of marks: a table with a row for each operation, and the goals that are not met.
 * They are written from the JSON of a run, and nothing else; {@code scripts/figures} runs this.
 */
final class ReadmeFigures {
    private static final String FIGURES = "figures";
    private static final String NOT_MET = "goals not met";
    private static final int COLUMNS = 120;

    private ReadmeFigures() {}

    /**
     * Writes the figures of a run into a page.
     *
     * @param json the file that {@code --json} has written
     * @param readme the page with the marks, which is replaced
     * @throws InputException if a file cannot be read or written, or has other content
     */
    static void write(Path json, Path readme) {
        String before = read(readme);
        String after = replaced(before, json);
        OutputFile.write("--figures", readme, to -> to.write(after.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Returns a page with the figures of a run.
     *
     * @param page the page with the marks
     * @param json the file that {@code --json} has written
     * @return the page with other text between the marks
     */
    static String replaced(String page, Path json) {
        Results results;
        try {
            results = JsonMapper.shared().readValue(read(json), Results.class);
        } catch (JacksonException e) {
            throw InputException.damaged("--figures=" + json + ": is not what bench --json writes: "
                    + e.getOriginalMessage());
        }
        if (results == null || results.machine() == null || results.families() == null || results.families().stream()
                .anyMatch(family -> family.rows() == null || family.goals() == null || family.ratios() == null)) {
            throw InputException.damaged("--figures=" + json + ": is not what bench --json writes: it has no families");
        }
        return between(NOT_MET, notMet(results), between(FIGURES, figures(results,
                String.valueOf(json.getFileName())), page));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw InputException.unreadable("--figures=" + file, file, e, "name a file that can be read");
        }
    }

    private static String between(String mark, String text, String page) {
        String first = "<!-- " + mark + " -->\n";
        String last = "<!-- end of " + mark + " -->";
        int from = page.indexOf(first);
        int to = page.indexOf(last);
        if (from < 0 || to < from) {
            throw InputException.damaged("--figures: the page has no marks " + first.strip() + " and " + last
                    + "; add a line for each");
        }
        return page.substring(0, from + first.length()) + text + page.substring(to);
    }

    private static List<Integer> threads(Results results) {
        return rows(results).flatMap(row -> row.times().stream()).map(Time::threads).distinct().sorted().toList();
    }

    private static Stream<RowResult> rows(Results results) {
        return results.families().stream().flatMap(family -> family.rows().stream());
    }

    private static String figures(Results results, String file) {
        List<Integer> threads = threads(results);
        Machine machine = results.machine();
        StringBuilder text = new StringBuilder(wrapped(machine.processor() + ", " + machine.cpus()
                + (machine.cpus() == 1 ? " CPU" : " CPUs") + (machine.isVirtual() ? ", virtual" : "") + "; Linux "
                + machine.kernel() + "; JDK " + machine.jdk() + "; load " + machine.load() + "; "
                + results.date() + ", "
                + results.extent() + " of `./rseq4j bench` ([all"
                + " figures](docs/results/" + file.replace(".json", ".md") + "), [as JSON](docs/results/" + file
                + ")). The best peer is the fastest one with that number of threads; an operation without a peer stands"
                + " beside the least that it can cost, such as an empty downcall. A ratio is the time of rseq4j divided"
                + " by that of the other, with its interval of 95 %: below 1 rseq4j is faster. Times of rseq4j and"
                + " ratios are rounded up, the others down. A goal is a bound that the project has set itself."));
        text.append("\n| operation | rseq4j, 1 thread | best peer, 1 thread |");
        threads.forEach(n -> text.append(n == 1 ? " ratio, 1 thread |" : " " + n + " threads |"));
        text.append(" goals |\n|---|---|---|").append("---|".repeat(threads.size())).append("---|\n");
        for (FamilyResult family : results.families()) {
            for (RowResult ours : heads(family)) {
                text.append(line(family, ours, threads));
            }
        }
        return text.toString();
    }

    /** Returns the first row of ours of each group, if it was measured. */
    private static List<RowResult> heads(FamilyResult family) {
        return family.rows().stream().map(RowResult::group).distinct()
                .flatMap(group -> family.rows().stream().filter(row -> row.group().equals(group)
                        && row.side() == Side.OURS).limit(1)).filter(row -> !row.times().isEmpty()).toList();
    }

    private static String line(FamilyResult family, RowResult ours, List<Integer> threads) {
        String operation = family.title() + (ours.group().isEmpty() ? "" : ": " + ours.group());
        return "| " + operation + " | " + time(ours, 1).map(time -> Numbers.up(time.value()) + " " + family.unit())
                .orElse("-") + " | " + best(family, ours, 1).map(ratio -> code(ratio.beside()) + " "
                        + time(row(family, ratio.beside()), 1).map(time -> Numbers.down(time.value())).orElse("-") + " "
                        + family.unit()).orElse("-") + " | "
                + threads.stream().map(n -> best(family, ours, n).map(ratio -> Numbers.up(ratio.ratio())).orElse("-"))
                        .collect(Collectors.joining(" | ")) + " | " + goals(family, ours) + " |\n";
    }

    private static RowResult row(FamilyResult family, String name) {
        return family.rows().stream().filter(row -> row.name().equals(name)).findFirst().orElseThrow();
    }

    private static Optional<Interval> time(RowResult row, int threads) {
        return row.times().stream().filter(time -> time.threads() == threads).map(Time::time).findFirst();
    }

    /** Returns the ratio to the fastest peer; to the slowest limit if there is no peer. */
    private static Optional<Ratio> best(FamilyResult family, RowResult ours, int threads) {
        List<Ratio> ratios = family.ratios().stream().filter(ratio -> ratio.ours().equals(ours.name())
                && ratio.threads() == threads).toList();
        Comparator<Ratio> order = Comparator.comparingDouble(ratio -> ratio.ratio().value());
        return ratios.stream().filter(ratio -> row(family, ratio.beside()).side() == Side.PEER).max(order)
                .or(() -> family.rows().stream().anyMatch(row -> row.side() == Side.PEER) ? Optional.empty()
                        : ratios.stream().min(order));
    }

    /** Names of classes are code. */
    private static String code(String name) {
        return name.matches("[A-Z][a-z]+[A-Z]\\w*") ? "`" + name + "`" : name;
    }

    private static String goals(FamilyResult family, RowResult ours) {
        List<GoalResult> goals = family.goals().stream().filter(goal -> ours.group().isEmpty()
                || goal.goal().startsWith(ours.name() + ":")).toList();
        long met = goals.stream().filter(goal -> goal.verdict() == Verdict.MET).count();
        if (goals.isEmpty()) {
            return "-";
        }
        if (goals.size() == 1) {
            return goals.getFirst().verdict().toString();
        }
        long undecided = goals.stream().filter(goal -> goal.verdict() == Verdict.UNDECIDED).count();
        return met == goals.size() ? "all " + met + " met"
                : met + " of " + goals.size() + " met" + (undecided == 0 ? "" : ", " + undecided + " undecided");
    }

    private static String notMet(Results results) {
        StringBuilder lines = new StringBuilder();
        for (FamilyResult family : results.families()) {
            for (GoalResult goal : family.goals()) {
                if (goal.verdict() != Verdict.MET) {
                    lines.append("| ").append(family.name()).append(" | ").append(goal.goal()).append(" | ")
                            .append(goal.threads()).append(" | ")
                            .append(goal.ours() == null ? "-" : Numbers.up(goal.ours()) + " " + family.unit())
                            .append(" | ")
                            .append(goal.most() == null ? "-" : Numbers.down(goal.most()) + " " + family.unit())
                            .append(" | ")
                            .append(goal.verdict()).append(" |\n");
                }
            }
        }
        long all = results.families().stream().mapToLong(family -> family.goals().size()).sum();
        String others = lines.isEmpty() ? "" : " The others, with intervals of 95 %; a goal is undecided if an interval"
                + " contains it, or if a row has one value alone:";
        return wrapped("Of " + all + " goals " + results.count(Verdict.MET) + " are met in the run at the top of this"
                + " page." + others)
                + (lines.isEmpty() ? "" : "\n| family | goal | threads | rseq4j | allowed | verdict |\n"
                        + "|---|---|---|---|---|---|\n" + lines);
    }

    /** Breaks a text into lines. */
    private static String wrapped(String text) {
        StringBuilder lines = new StringBuilder();
        int column = 0;
        for (String word : text.split(" ", -1)) {
            if (column > 0 && column + 1 + word.length() > COLUMNS) {
                lines.append('\n');
                column = 0;
            }
            lines.append(column == 0 ? "" : " ").append(word);
            column += (column == 0 ? 0 : 1) + word.length();
        }
        return lines.append('\n').toString();
    }
}
