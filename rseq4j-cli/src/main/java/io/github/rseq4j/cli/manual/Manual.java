package io.github.rseq4j.cli.manual;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The files of a distribution that describe the command line to man(1) and to shells. */
public final class Manual {
    /** The folder of the man pages. Its parent is a place for MANPATH. */
    public static final String PAGES = "man/man1";
    /** The folder of the script by which bash and zsh complete commands and options. */
    public static final String COMPLETION = "completion";

    private Manual() {}

    /**
     * Writes the man page of each command, and the script of completions.
     *
     * @param line the command line, whose help loses its line breaks
     * @param folder the folder for the files; it is created if it does not exist
     * @throws IOException if a file cannot be written
     */
    public static void write(CommandLine line, Path folder) throws IOException {
        String name = line.getCommandName();
        Path completion = Files.createDirectories(folder.resolve(COMPLETION)).resolve(name);
        Files.writeString(completion, AutoComplete.bash(name, line));
        writePages(line.getCommandSpec(), Files.createDirectories(folder.resolve(PAGES)));
    }

    private static void writePages(CommandSpec spec, Path folder) throws IOException {
        Files.writeString(folder.resolve(ManualPage.name(spec) + ".1"), ManualPage.text(spec));
        for (CommandLine command : spec.subcommands().values()) {
            writePages(command.getCommandSpec(), folder);
        }
    }
}
