package io.github.rseq4j.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RseqAreaTest {
    /** The feature sizes of Linux 4.18, 6.3 and 7.0, and of a later kernel. */
    @ParameterizedTest
    @CsvSource({"0,20,none", "32,20,legacy", "0,28,none", "32,28,legacy", "64,28,legacy", "0,33,none", "32,33,legacy",
        "33,33,full", "64,33,full", "64,72,legacy", "72,72,full"})
    void theModeFollowsFromTheLength(int registeredBytes, int featureBytes, String mode) {
        assertEquals(mode, RseqArea.mode(registeredBytes, featureBytes));
    }
}
