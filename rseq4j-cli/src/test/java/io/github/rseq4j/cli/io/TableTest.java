package io.github.rseq4j.cli.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
    private static List<String> lines(Table table) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        table.print(out);
        out.flush();
        return text.toString().lines().toList();
    }

    @Test
    void alignsColumnsAndEndsNoLineWithBlanks() {
        Table table = new Table("<>><", "NAME", "N", "", "REST").row("a", 1_000, "", "x").row("longer", 1, null, "");
        assertEquals(List.of("NAME       N        REST", "a       1000        x", "longer     1  null"), lines(table));
        assertEquals(3, table.rows());
    }

    @Test
    void printsOnlyRowsWithoutHeadings() {
        assertEquals(List.of(), lines(new Table("<<")));
        assertEquals(List.of("key  value"), lines(new Table("<<").row("key", "value")));
    }

    @Test
    void refusesARowOfAnotherWidth() {
        Table table = new Table("<>");
        assertEquals("cells=1, must be 2",
                assertThrows(IllegalArgumentException.class, () -> table.row("one")).getMessage());
    }
}
