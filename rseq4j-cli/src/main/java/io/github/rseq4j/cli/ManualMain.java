package io.github.rseq4j.cli;

import io.github.rseq4j.cli.manual.Manual;
import java.io.IOException;
import java.nio.file.Path;

/** Writes man pages and completions. The build of the distribution runs it. */
final class ManualMain {
    private ManualMain() {}

    /**
     * Writes the files.
     *
     * @param arguments the folder
     * @throws IOException if a file cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        Manual.write(Main.commandLine(), Path.of(arguments[0]));
    }
}
