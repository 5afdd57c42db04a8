package io.github.rseq4j.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The facts about architectures that no other test observes on one host. */
final class ArchitectureTest {
    /** {@code HWCAP_USCAT} is bit 25 of arm64's capabilities; on x86-64 the bits have other meanings. */
    @ParameterizedTest
    @CsvSource({"X64, 0, true", "X64, -1, true", "AARCH64, 0, false", "AARCH64, 0x1ffffff, false",
        "AARCH64, 0x2000000, true", "AARCH64, -1, true"})
    void storesPairsWhereTheProcessorSaysSo(Architecture architecture, String capabilities, boolean isStored) {
        assertEquals(isStored, architecture.storesPairs(Long.decode(capabilities)));
    }
}
