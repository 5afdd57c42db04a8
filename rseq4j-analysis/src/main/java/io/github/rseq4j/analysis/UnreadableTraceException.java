package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Thrown if the metadata of a trace cannot be read. Without metadata no event of the trace can be read.
 *
 * @since 0.1.0
 */
public final class UnreadableTraceException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;
    /** The number of problems that were found. */
    private final long problemCount;

    UnreadableTraceException(Path folder, List<Problem> problems, long problemCount) {
        super(folder + "/" + (problems.isEmpty() ? "metadata" : problems.getFirst().toString()));
        this.problems = List.copyOf(problems);
        this.problemCount = problemCount;
    }

    /** {@return the first problems that were found, up to 100; an empty list after deserialization} */
    public List<Problem> problems() {
        return problems == null ? List.of() : problems;
    }

    /** {@return the number of problems that were found} */
    public long problemCount() {
        return problemCount;
    }
}
