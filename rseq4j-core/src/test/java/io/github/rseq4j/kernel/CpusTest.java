package io.github.rseq4j.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The parser accepts lists of CPUs as the kernel writes them. */
final class CpusTest {
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"0;1", "0-1;2", "0-127;128", "0,2-5;6", "0-3,8,10-11;12", "7;8"})
    void returnsOneMoreThanTheLargestId(String list, int expected) {
        assertEquals(expected, Cpus.parse(list));
    }

    @Test
    void acceptsTheNewlineOfSysfs() {
        assertEquals(2, Cpus.parse("0-1\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "a", "0-", ",", "0-x"})
    void refusesMalformedLists(String list) {
        assertThrows(IllegalArgumentException.class, () -> Cpus.parse(list));
    }
}
