package io.github.rseq4j.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.section.Condition;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Statuses tell code and progress apart, and conditions compare as the processors do. */
final class StatusTest {
    @ParameterizedTest
    @CsvSource({"1, 0, -1, aborted too often", "1, 5, -1281, aborted too often after 5 committed sections",
        "2, 0, -2, unregistered", "3, 7, -1795, out of range after 7 committed sections", "16, 0, -16, exit 0",
        "23, 7, -1815, exit 7 after 7 committed sections", "4, 0, -4, unknown status -4"})
    void keepsCodeAndProgress(int code, int completed, long status, String text) {
        assertEquals(status, Status.failure(code, completed));
        assertEquals(code, Status.code(status));
        assertEquals(completed, Status.completed(status));
        assertEquals(text, Status.describe(status));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 16, Long.MAX_VALUE})
    void aStatusThatIsNotNegativeIsAResult(long status) {
        assertEquals("done, result " + status, Status.describe(status));
    }

    @ParameterizedTest
    @CsvSource({"5, 5, LONG, 0", "4, 5, LONG, -1", "5, 4, LONG, 1", "-1, 5, LONG, 1", "5, -1, LONG, -1",
        "-1, -2, LONG, 1", "4294967301, 5, LONG, 1", "4294967301, 5, INT, 0", "4294967295, 5, INT, 1",
        "-1, 4294967295, INT, 0", "-1, 4294967295, LONG, 1", "4294967296, 1, INT, -1",
        "-9223372036854775808, 9223372036854775807, LONG, 1", "2147483648, 2147483647, INT, 1"})
    void comparesUnsignedNumbersOfTheWidth(long left, long right, Width width, int order) {
        assertEquals(order == 0, Condition.EQUAL.holds(width.of(left), width.of(right)));
        assertEquals(order != 0, Condition.NOT_EQUAL.holds(width.of(left), width.of(right)));
        assertEquals(order < 0, Condition.BELOW.holds(width.of(left), width.of(right)));
        assertEquals(order >= 0, Condition.ABOVE_OR_EQUAL.holds(width.of(left), width.of(right)));
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -129, -1, 0, 1, Integer.MAX_VALUE})
    void aPlaceShowsItsDisplacementWithItsSign(int displacement) {
        String text = Mem.cell(Operand.arg(3), displacement).toString();
        String expected = displacement == 0 ? "[a3 + slot]"
                : "[a3 + slot " + (displacement < 0 ? "- " : "+ ") + Math.abs((long) displacement) + "]";
        assertEquals(expected, text);
        assertTrue(Mem.element(Operand.arg(0), displacement, Operand.temp(1), 8).toString()
                .startsWith("[a0 + slot + t1*8"));
    }
}
