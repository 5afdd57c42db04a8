package io.github.rseq4j.trace.ring;

import io.github.rseq4j.testing.SectionChecks;
import java.util.List;

/** Checks of the rings' sections on every architecture. */
final class RingSectionsTest extends SectionChecks {
    RingSectionsTest() {
        super(TraceRing.all(), List.of(), "rseq4j-trace/src/test/resources/io/github/rseq4j/trace/ring");
    }
}
