package io.github.rseq4j.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.sections.Sections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Listings are golden, and GNU as makes the emitted bytes of them. After a change that is meant, {@code
 * -Drseq4j.golden=update} writes the files again; the difference is then what is reviewed.
 */
final class ListingTest {
    private static final Path GOLDENS = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")),
            "rseq4j-core", "src", "test", "resources", "io", "github", "rseq4j", "machine");
    private static final int DATA_OFFSET = 0x1000;

    static Stream<Arguments> golden() {
        return Sections.all().stream().flatMap(chain -> Arrays.stream(Architecture.values())
                .flatMap(architecture -> Arrays.stream(Index.values())
                        .map(index -> Arguments.of(chain.name(), chain, architecture, index))));
    }

    @ParameterizedTest(name = "{0} on {2} by {3}")
    @MethodSource("golden")
    void isAsTheGoldenFileHasIt(String name, Chain chain, Architecture architecture, Index index) throws IOException {
        Path file = GOLDENS.resolve(name + "_" + index.spelling() + "." + architecture.spelling() + ".lst");
        String listing = Listing.of(chain, architecture, index);
        if (System.getProperty("rseq4j.golden", "").equals("update")) {
            Files.createDirectories(GOLDENS);
            Files.writeString(file, listing);
        }
        assertEquals(Files.readString(file), listing);
    }

    static Stream<Arguments> everything() {
        return Stream.concat(Sections.all().stream(), SampleSections.all().stream())
                .flatMap(chain -> Arrays.stream(Architecture.values()).map(each -> Arguments.of(chain, each)));
    }

    @ParameterizedTest
    @MethodSource("everything")
    void assemblesToTheEmittedBytes(Chain chain, Architecture architecture) {
        for (Index index : Index.values()) {
            byte[] assembled = GnuAs.assemble(architecture, Listing.of(chain, architecture, index));
            byte[] emitted = new Compiler(architecture).compile(chain, Target.NOMINAL.with(index))
                    .checked(0, DATA_OFFSET).bytes();
            assertArrayEquals(emitted, Arrays.copyOf(assembled, emitted.length), chain.name());
            assertEquals(DATA_OFFSET + Long.BYTES, assembled.length, "behind the code comes the counter of aborts");
        }
    }
}
