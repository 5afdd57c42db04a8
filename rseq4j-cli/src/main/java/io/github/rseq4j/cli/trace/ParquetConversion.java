package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.sql.ParquetTree;
import io.github.rseq4j.cli.sql.SqlNames;
import io.github.rseq4j.cli.sql.TraceDatabase;
import io.github.rseq4j.trace.ctf.TracePacket;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** The part of {@code trace convert} that adds traces to a tree of Parquet files. */
final class ParquetConversion {
    private ParquetConversion() {}

    /**
     * Adds traces to a tree, one after the other.
     *
     * @param folders the folders of the traces
     * @param host the name of their host, or null for the names that they have
     * @param output the folder of the tree
     * @param out the output
     * @param err the error output, which gets the problems of the traces
     * @return the exit status
     * @throws InputException if the tree cannot be written
     */
    static int run(List<Path> folders, @Nullable String host, Path output, PrintWriter out, PrintWriter err) {
        ParquetTree tree = new ParquetTree(output);
        SqlNames runs = new SqlNames();
        int damaged = 0;
        for (Path folder : folders) {
            Queue<TracePacket> packets = new ArrayDeque<>();
            try (TraceDatabase database = new TraceDatabase(runs);
                    TraceInput input = new TraceInput(folder, packets::add)) {
                TraceSqlCommand.load(input, packets, host, database);
                damaged = Math.max(damaged, input.finish(err));
                if (database.isEmpty()) {
                    continue;
                }
                database.complete();
                long files = tree.add(database, database.run());
                out.println(Printable.name(folder.toString()) + ": run " + database.run() + ", " + files + " files");
                out.flush();
            } catch (SQLException e) {
                throw InputException.cannot("--output=" + Printable.name(output.toString()) + ": cannot be written: "
                        + Printable.text(String.valueOf(e.getMessage())));
            } catch (IOException e) {
                throw InputException.cannot("--output=" + Printable.name(output.toString()) + ": cannot be written: "
                        + RegularFile.why(e));
            }
        }
        return damaged;
    }
}
