package io.github.rseq4j.cli.manual;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The man page of a command, in the macros of man(7). */
final class ManualPage {
    /* How it works
     *
     * All text is that of --help, taken from picocli's model without line breaks, because the reader of the page breaks
     * the lines. The footer of a command is cut into sections: "Exit status:" and "Examples:" begin sections of that
     * name, and indented lines keep their breaks. The page has no date, so equal commands have equal pages.
     *
     * picocli-codegen was refused: it writes AsciiDoc, and Asciidoctor, which makes man pages of that, is a program in
     * Ruby of 30 MB that takes seconds to start.
     */
    private static final String EXIT_STATUS = "Exit status:";
    private static final String EXAMPLES = "Examples:";
    private static final String NOTES = "NOTES";
    private static final int NO_BREAKS = 1 << 14;

    private final CommandSpec spec;
    private final Help help;
    private final StringBuilder page = new StringBuilder(1 << 12);

    private ManualPage(CommandSpec spec) {
        this.spec = spec;
        spec.usageMessage().autoWidth(false).width(NO_BREAKS);
        this.help = new Help(spec, Help.defaultColorScheme(Help.Ansi.OFF));
    }

    /** Returns the name of a command's page: its words, joined by hyphens. */
    static String name(CommandSpec spec) {
        return spec.qualifiedName("-");
    }

    /** Returns the page of a command. Its help loses its line breaks. */
    static String text(CommandSpec spec) {
        return new ManualPage(spec).written();
    }

    private String written() {
        String version = spec.root().version()[0];
        line(".TH \"" + escaped(name(spec).toUpperCase(Locale.ROOT)) + "\" 1 \"\" \"" + escaped(version) + "\" rseq4j");
        List<String> description = help.description().lines().toList();
        section("NAME");
        text(name(spec) + " - " + firstSentence(spec));
        section("SYNOPSIS");
        text(help.synopsis(0).strip());
        section("DESCRIPTION");
        paragraphs(description);
        arguments();
        commands();
        footer().forEach((title, lines) -> {
            section(title);
            paragraphs(lines);
        });
        if (spec.parent() == null) {
            environment();
        }
        seeAlso();
        return page.toString();
    }

    /** Returns the first sentence of a command's description, without its full stop. */
    private static String firstSentence(CommandSpec spec) {
        String all = String.join(" ", spec.usageMessage().description());
        return all.replaceFirst("(?s)[.:](\\s.*|$)", "");
    }

    private void arguments() {
        List<ArgGroupSpec> groups = spec.argGroups();
        List<ArgSpec> inGroups = new ArrayList<>();
        groups.forEach(group -> inGroups.addAll(group.allOptionsNested()));
        groups.forEach(group -> inGroups.addAll(group.allPositionalParametersNested()));
        List<ArgSpec> args = new ArrayList<>();
        spec.positionalParameters().stream().filter(each -> !inGroups.contains(each)).forEach(args::add);
        spec.options().stream().filter(each -> !inGroups.contains(each)).forEach(args::add);
        if (args.isEmpty() && groups.isEmpty()) {
            return;
        }
        section("OPTIONS");
        args.forEach(this::argument);
        for (ArgGroupSpec group : groups) {
            if (group.heading() != null) {
                line(".SS \"" + escaped(formatted(group.heading()).strip().replaceFirst(":$", "")) + "\"");
            }
            group.allPositionalParametersNested().forEach(this::argument);
            group.allOptionsNested().forEach(this::argument);
        }
    }

    private void argument(ArgSpec arg) {
        if (arg.hidden()) {
            return;
        }
        String label = help.parameterLabelRenderer().renderParameterLabel(arg, Help.Ansi.OFF, List.of()).toString();
        String name = switch (arg) {
            case OptionSpec option -> String.join(", ", option.names()) + label;
            case PositionalParamSpec _ -> label;
            default -> throw new IllegalArgumentException("argument=" + arg);
        };
        line(".TP");
        line(".B " + escaped(name.strip()));
        List<String> lines = new ArrayList<>();
        for (String part : arg.description()) {
            lines.add(formatted(part).strip());
        }
        text(String.join(" ", lines));
    }

    private void commands() {
        if (spec.subcommands().isEmpty()) {
            return;
        }
        section("COMMANDS");
        spec.subcommands().forEach((name, command) -> {
            line(".TP");
            line(".B " + escaped(name));
            text(firstSentence(command.getCommandSpec()) + "; " + name(command.getCommandSpec()) + "(1).");
        });
    }

    /** Returns the footer by sections. */
    private Map<String, List<String>> footer() {
        Map<String, List<String>> sections = new TreeMap<>();
        String title = NOTES;
        for (String each : help.footer().lines().toList()) {
            String rest = each;
            for (String begin : List.of(EXIT_STATUS, EXAMPLES)) {
                if (each.startsWith(begin)) {
                    title = begin.substring(0, begin.length() - 1).toUpperCase(Locale.ROOT);
                    rest = each.substring(begin.length()).strip();
                }
            }
            if (rest.isBlank()) {
                // An empty line ends a section.
                title = title.equals(NOTES) || each.isBlank() ? NOTES : title;
            } else {
                sections.computeIfAbsent(title, _ -> new ArrayList<>()).add(rest);
            }
        }
        return sections;
    }

    private void environment() {
        section("ENVIRONMENT");
        line(".TP\n.B JAVA_HOME");
        text("The JDK, if it is 25 or later. Otherwise the launcher searches one.");
        line(".TP\n.B RSEQ4J_JAVA_OPTS");
        text("Further options for java.");
        line(".TP\n.B COLUMNS");
        text("The width of help.");
    }

    private void seeAlso() {
        List<String> names = new ArrayList<>();
        CommandSpec parent = spec.parent();
        if (parent != null) {
            names.add(name(parent));
        }
        spec.subcommands().values().forEach(command -> names.add(name(command.getCommandSpec())));
        section("SEE ALSO");
        text(String.join(", ", names.stream().map(name -> name + "(1)").toList()));
    }

    private static String formatted(String text) {
        return String.format(Locale.ROOT, text);
    }

    private static String escaped(String text) {
        String escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("\"", "\\(dq");
        return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
    }

    private void section(String title) {
        line(".SH \"" + title + "\"");
    }

    /** Writes lines as paragraphs, which end at empty lines and at indented lines. */
    private void paragraphs(List<String> lines) {
        boolean isOpen = false;
        for (String each : lines) {
            boolean isText = !each.isBlank() && !each.startsWith(" ");
            if (isText && !isOpen) {
                line(".PP");
            }
            if (isText) {
                text(each);
            } else if (!each.isBlank()) {
                line(".nf");
                line("\\&" + escaped(each));
                line(".fi");
            }
            isOpen = isText;
        }
    }

    private void text(String text) {
        line(escaped(text));
    }

    private void line(String line) {
        page.append(line).append('\n');
    }
}
