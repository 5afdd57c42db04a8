package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.agent.table.MethodRow;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The columns of the table in terminals of several widths. */
final class TopTextTest {
    private static final String NAME = "com.acme.web.orders.Handlers$Api::handle";
    private static final List<TopRows.Shown> ROWS = List.of(new TopRows.Shown(new MethodRow("com.acme.web.orders"
            + ".Handlers$Api", "handle", "()V", "time", 40_622, 1_210_000_000, 24_300, 112_000, 8_060_000), 20_311,
            false));

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "120 | total | CALLS/S CALLS TOTAL P50 P99 MAX METHOD",
        "98 | total | CALLS/S CALLS TOTAL P50 P99 MAX METHOD",
        "97 | total | CALLS/S TOTAL P50 P99 MAX METHOD",
        "80 | total | CALLS/S TOTAL P50 P99 METHOD",
        "80 | max | CALLS/S TOTAL P99 MAX METHOD",
        "80 | calls | CALLS/S CALLS TOTAL P99 METHOD",
        "60 | total | CALLS/S TOTAL METHOD",
        "60 | p50 | TOTAL P50 METHOD",
        "45 | total | TOTAL METHOD",
        "30 | p99 | P99 METHOD",
    })
    void dropsColumnsSoThatNamesHaveRoom(int columns, MethodSort sort, String headings) {
        List<String> lines = TopText.lines(ROWS, columns, sort);
        assertEquals(headings, lines.getFirst().strip().replaceAll(" +", " "));
        String name = lines.get(1).replaceFirst(".* ", "");
        assertTrue(NAME.endsWith(name.replaceFirst("^\\.\\.", "")), name);
        assertTrue(name.length() >= Math.min(30, columns - 10), name);
        assertTrue(lines.stream().allMatch(line -> line.length() <= columns), lines::toString);
    }

    @Test
    void keepsAllColumnsWhereNoTerminalLimitsThem() {
        assertTrue(TopText.lines(ROWS, Integer.MAX_VALUE, MethodSort.total).get(1).endsWith("  " + NAME));
    }
}
