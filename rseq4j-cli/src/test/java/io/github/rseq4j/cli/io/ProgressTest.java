package io.github.rseq4j.cli.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A bar fits on the terminal. */
class ProgressTest {
    @ParameterizedTest
    @CsvSource({", 79", "40, 39", "80, 79", "200, 79", "3, 20", "wide, 79", "'', 79", "' 60 ', 59"})
    void aBarIsNarrowerThanTheTerminal(String terminal, int columns) {
        assertEquals(columns, Progress.columns(terminal));
    }
}
