import org.jspecify.annotations.NullMarked;

/** The command line of rseq4j. */
@NullMarked
// DuckDB's jar has no descriptor, but a name of its own.
@SuppressWarnings({"requires-automatic", "module"})
module io.github.rseq4j.cli {
    requires static org.jspecify;
    requires info.picocli;
    requires io.github.rseq4j;
    requires io.github.rseq4j.agent;
    requires io.github.rseq4j.analysis;
    requires io.github.rseq4j.trace;
    requires java.sql;
    requires jdk.attach;
    // JLine handles SIGINT by its sun.misc.Signal, and does not require it.
    requires jdk.unsupported;
    requires duckdb.jdbc;
    requires me.tongfei.progressbar;
    requires org.jline.reader;
    requires org.jline.terminal;

    exports io.github.rseq4j.cli.demo to io.github.rseq4j.demo;
    exports io.github.rseq4j.cli.io to io.github.rseq4j.demo;

    uses io.github.rseq4j.cli.demo.ServiceDemo;

    opens io.github.rseq4j.cli to info.picocli;
    opens io.github.rseq4j.cli.agent to info.picocli;
    opens io.github.rseq4j.cli.demo to info.picocli;
    opens io.github.rseq4j.cli.doctor to info.picocli;
    opens io.github.rseq4j.cli.inspect to info.picocli;
    opens io.github.rseq4j.cli.listing to info.picocli;
    opens io.github.rseq4j.cli.provider to info.picocli;
    opens io.github.rseq4j.cli.selftest to info.picocli;
    opens io.github.rseq4j.cli.trace to info.picocli;
}
