import org.jspecify.annotations.NullMarked;

/** The command line of rseq4j. */
@NullMarked
module io.github.rseq4j.cli {
    requires static org.jspecify;
    requires info.picocli;
    requires io.github.rseq4j;
    requires io.github.rseq4j.trace;
    requires me.tongfei.progressbar;
    requires tools.jackson.databind;

    opens io.github.rseq4j.cli to info.picocli;
}
