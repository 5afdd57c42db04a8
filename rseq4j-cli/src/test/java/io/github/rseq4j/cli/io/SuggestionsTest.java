package io.github.rseq4j.cli.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionsTest {
    private static final List<String> NAMES = List.of("doctor", "selftest", "listing", "inspect", "trace", "top");

    @ParameterizedTest
    @CsvSource({"docter, doctor", "dcotor, doctor", "doctorr, doctor", "octor, doctor", "DOCTOR, doctor",
        "slftset, selftest", "tarce, trace", "tpo, top"})
    void findsAMisspeltName(String word, String name) {
        assertEquals(List.of(name), Suggestions.of(word, NAMES));
    }

    @ParameterizedTest
    @CsvSource({"bogus", "x", "to", "inspector-general", "''"})
    void findsNothingForAnotherWord(String word) {
        assertEquals(List.of(), Suggestions.of(word, NAMES));
    }

    @Test
    void namesTheNearestFirstAndAtMostThree() {
        assertEquals(List.of("--form", "--forms", "--format"),
                Suggestions.of("--form", List.of("--format", "--forms", "--form", "--formats")));
    }

    @ParameterizedTest
    @CsvSource({"'', '', 0", "abc, abc, 0", "abc, '', 3", "'', abc, 3", "ab, ba, 1", "abcd, acbd, 1",
        "kitten, sitting, 3"})
    void countsMistakes(String one, String other, int mistakes) {
        assertEquals(mistakes, Suggestions.distance(one, other));
        assertEquals(mistakes, Suggestions.distance(other, one));
    }
}
