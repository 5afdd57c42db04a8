package io.github.rseq4j.cli.io;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.sections.Sections;
import io.github.rseq4j.trace.ring.TraceRing;
import java.util.List;
import java.util.stream.Stream;

/** Every section that a module of rseq4j emits. */
public final class EmittedSections {
    private EmittedSections() {}

    /** Returns the standard sections, then those of a tracer's rings. */
    public static List<Chain> all() {
        return Stream.concat(Sections.all().stream(), TraceRing.all().stream()).toList();
    }
}
