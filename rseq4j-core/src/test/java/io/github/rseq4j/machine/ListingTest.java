package io.github.rseq4j.machine;

import io.github.rseq4j.sections.Sections;
import io.github.rseq4j.testing.SectionChecks;

/** Checks of the standard sections on every architecture, and of the samples without golden files. */
final class ListingTest extends SectionChecks {
    ListingTest() {
        super(Sections.all(), SampleSections.all(), "rseq4j-core/src/test/resources/io/github/rseq4j/machine");
    }
}
