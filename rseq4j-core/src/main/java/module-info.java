import org.jspecify.annotations.NullMarked;

/** Restartable sequences for the JVM: per-CPU data with no atomic instruction and no lock. */
@NullMarked
@SuppressWarnings("module")
module io.github.rseq4j {
    requires static org.jspecify;

    exports io.github.rseq4j;
    exports io.github.rseq4j.percpu;
    exports io.github.rseq4j.section;

    exports io.github.rseq4j.function to io.github.rseq4j.agent;
    exports io.github.rseq4j.histogram to io.github.rseq4j.agent, io.github.rseq4j.analysis;
    exports io.github.rseq4j.kernel to io.github.rseq4j.agent, io.github.rseq4j.cli, io.github.rseq4j.trace;
    exports io.github.rseq4j.ir to io.github.rseq4j.agent, io.github.rseq4j.cli, io.github.rseq4j.trace;
    exports io.github.rseq4j.machine to io.github.rseq4j.cli, io.github.rseq4j.trace;
    exports io.github.rseq4j.interpreter to io.github.rseq4j.agent, io.github.rseq4j.cli, io.github.rseq4j.trace;
    exports io.github.rseq4j.proof to io.github.rseq4j.cli, io.github.rseq4j.trace;
    exports io.github.rseq4j.sections to io.github.rseq4j.agent, io.github.rseq4j.cli, io.github.rseq4j.trace;
    exports io.github.rseq4j.provider to io.github.rseq4j.cli;
    exports io.github.rseq4j.registration to io.github.rseq4j.cli;
    exports io.github.rseq4j.engine to io.github.rseq4j.agent, io.github.rseq4j.cli, io.github.rseq4j.trace;
    exports io.github.rseq4j.memory to io.github.rseq4j.agent, io.github.rseq4j.cli, io.github.rseq4j.trace;
}
