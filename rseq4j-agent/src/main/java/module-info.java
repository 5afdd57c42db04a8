import org.jspecify.annotations.NullMarked;

/** An agent that counts, times and traces the calls of chosen methods. */
@NullMarked
@SuppressWarnings("module")
module io.github.rseq4j.agent {
    requires static org.jspecify;
    requires static jdk.jfr;
    requires java.instrument;
    requires io.github.rseq4j;
    requires io.github.rseq4j.trace;

    exports io.github.rseq4j.agent.rule to io.github.rseq4j.cli;
    exports io.github.rseq4j.agent.table to io.github.rseq4j.cli;
}
