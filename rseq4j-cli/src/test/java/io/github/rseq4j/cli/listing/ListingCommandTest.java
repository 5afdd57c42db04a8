package io.github.rseq4j.cli.listing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.cli.io.EmittedSections;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.machine.Listing;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ListingCommandTest {
    private static final List<String> NAMES = EmittedSections.all().stream().map(Chain::name).toList();

    private static String all(Index index) {
        return String.join("\n", EmittedSections.all().stream()
                .map(c -> Listing.of(c, Architecture.X64, index)).toList());
    }

    @ParameterizedTest
    @EnumSource
    void printsTheListingOfEachSection(Index index) {
        for (Chain chain : EmittedSections.all()) {
            assertEquals(new Run(0, Listing.of(chain, Architecture.X64, index), ""),
                    Run.of("listing", chain.name(), "--arch", "x64", "--index", index.spelling()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void printsEverySectionByDefault(Index index) {
        assertEquals(new Run(0, all(index), ""), Run.of("listing", "--arch=x64", "--index=" + index.spelling()));
    }

    @Test
    void usesMmCidByDefault() {
        assertEquals(new Run(0, all(Index.MM_CID), ""), Run.of("listing", "--arch=x64"));
    }

    @Test
    void usesTheHostsArchitectureByDefault() {
        Architecture host = Architecture.host();
        Architecture expected = host == null ? Architecture.X64 : host;
        assertEquals(Run.of("listing", "--arch=" + expected.spelling()), Run.of("listing"));
    }

    @Test
    void printsTheNamesOfAllSections() {
        assertEquals(NAMES, Run.of("listing", "--names").out().lines().toList());
    }

    @Test
    void refusesAnUnknownSectionAndListsTheKnownOnes() {
        Run run = Run.of("listing", "bogus");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: section=bogus is unknown, must be one of " + String.join(", ", NAMES), run.onlyError());
    }

    @Test
    void refusesTwoSections() {
        Run run = Run.of("listing", NAMES.get(0), NAMES.get(1));
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains(NAMES.get(1)), run.err());
    }

    @Test
    void refusesAnUnknownArchitecture() {
        assertTrue(Run.of("listing", "--help").out().contains("x64, aarch64"));
        Run run = Run.of("listing", "--arch=mips");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: --arch=mips is unknown, must be one of x64, aarch64", run.onlyError());
    }

    @Test
    void refusesAnUnknownIndex() {
        Run run = Run.of("listing", "--index=numa");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: --index=numa is unknown, must be one of mm_cid, cpu_id", run.onlyError());
    }

    @ParameterizedTest
    @EnumSource
    void printsTheListingsOfEveryArchitectureOnAnyHost(Architecture architecture) {
        Run run = Run.of("listing", "--arch=" + architecture.spelling(), NAMES.getFirst());
        assertEquals(new Run(0, Listing.of(EmittedSections.all().getFirst(), architecture, Index.MM_CID), ""), run);
        assertTrue(run.out().contains(" on " + architecture.spelling() + "\n"), run.out());
    }
}
