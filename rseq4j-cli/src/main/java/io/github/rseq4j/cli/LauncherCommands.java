package io.github.rseq4j.cli;

import io.github.rseq4j.cli.io.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Unmatched;

/** The commands that the launcher's script runs itself. Here they are listed, described, suggested and completed. */
final class LauncherCommands {
    private LauncherCommands() {}

    private static InputException refused(String command) {
        return new InputException("command=" + command + " is a command of the launcher: run ./rseq4j " + command
                + " in the source of rseq4j");
    }

    /** {@code sample}: runs a sample. */
    @Command(name = "sample", mixinStandardHelpOptions = true,
            description = "Runs a sample program, by its number or name.",
            footer = {"", "Without a number or name the launcher lists the samples.",
                "Exit status: that of the sample, 2 there is no such sample, 5 the samples are not there."})
    static final class Sample implements Callable<Integer> {
        @Parameters(index = "0", arity = "1", paramLabel = "NUMBER|NAME",
                description = "The sample, such as 5 or Sample05Maximum.")
        private String sample = "";

        @Parameters(index = "1..*", arity = "0..*", paramLabel = "ARGUMENT", description = "Arguments of the sample.")
        private List<String> arguments = List.of();

        @Override
        public Integer call() {
            throw refused(("sample " + sample + " " + String.join(" ", arguments)).strip());
        }
    }

    /** {@code bench}: measures. */
    @Command(name = "bench", mixinStandardHelpOptions = true,
            description = "Measures rseq4j beside its peers and its limits, on this machine.",
            footer = {"", "./rseq4j bench --help lists the options and the families."})
    static final class Bench implements Callable<Integer> {
        @Parameters(arity = "0..*", paramLabel = "FAMILY", description = "The families (default: all).")
        private List<String> families = List.of();

        @Unmatched
        private List<String> options = new ArrayList<>();

        @Override
        public Integer call() {
            throw refused(("bench " + String.join(" ", options) + " " + String.join(" ", families)).strip());
        }
    }
}
