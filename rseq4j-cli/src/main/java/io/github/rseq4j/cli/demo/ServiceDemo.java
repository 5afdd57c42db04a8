package io.github.rseq4j.cli.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The demo of a service. Its module has libraries that no other command needs, so it is not a part of the command line:
 * it provides this interface.
 */
public interface ServiceDemo {
    /**
     * The options.
     *
     * @param input the folder of the documents, or null for documents from the JDK
     * @param seconds the time of load for each side, in seconds
     * @param output the report to write
     */
    record Options(@Nullable Path input, int seconds, Path output) {}

    /**
     * Runs the service and its peers, and prints the table.
     *
     * @param options the options
     * @param out the output
     * @return the exit status: 0; 1 if totals differ; 130 if Ctrl-C ended it early, and all totals agree until then
     * @throws io.github.rseq4j.cli.io.InputException if an option cannot be used
     */
    int run(Options options, PrintWriter out) throws IOException, InterruptedException;
}
