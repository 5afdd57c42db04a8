package io.github.rseq4j.cli;

import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine.Command;

/** {@code completion}: prints the script by which bash and zsh complete commands and options. */
@Command(name = "completion", description = {"Prints a script by which bash and zsh complete commands and options.", "",
        "This line gives it to the current shell:", "  source <(rseq4j completion)"})
final class CompletionCommand extends GenerateCompletion {}
