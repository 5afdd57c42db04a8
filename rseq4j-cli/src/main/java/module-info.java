import org.jspecify.annotations.NullMarked;

/** The command line of rseq4j. */
@NullMarked
module io.github.rseq4j.cli {
    requires static org.jspecify;
    requires info.picocli;
    requires io.github.rseq4j;
    requires io.github.rseq4j.analysis;
    requires io.github.rseq4j.trace;
    requires me.tongfei.progressbar;

    opens io.github.rseq4j.cli to info.picocli;
    opens io.github.rseq4j.cli.demo to info.picocli;
    opens io.github.rseq4j.cli.doctor to info.picocli;
    opens io.github.rseq4j.cli.inspect to info.picocli;
    opens io.github.rseq4j.cli.listing to info.picocli;
    opens io.github.rseq4j.cli.provider to info.picocli;
    opens io.github.rseq4j.cli.selftest to info.picocli;
    opens io.github.rseq4j.cli.trace to info.picocli;
}
