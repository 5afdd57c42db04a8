package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The metadata of a trace cannot be read, so nothing of the trace can.
 *
 * @since 0.1
 */
public final class UnreadableTraceException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The first problems. */
    private final transient List<Problem> problems;
    /** How many problems there are. */
    private final long problemCount;

    UnreadableTraceException(Path folder, List<Problem> problems, long problemCount) {
        super(folder + "/" + (problems.isEmpty() ? "metadata" : problems.getFirst().toString()));
        this.problems = List.copyOf(problems);
        this.problemCount = problemCount;
    }

    /** {@return the first problems that were found; none after deserialization} */
    public List<Problem> problems() {
        return problems == null ? List.of() : problems;
    }

    /** {@return how many problems were found} */
    public long problemCount() {
        return problemCount;
    }
}
