package io.github.rseq4j.cli.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class SqlScriptTest {
    @Test
    void splitsAtSemicolonsOutsideOfTextsAndComments() {
        assertEquals(List.of("SELECT ';', \"a;b\"", "-- a;b\nSELECT 1", "SELECT /* ; */ 2", "SELECT $$;$$, $t$;$$;$t$",
                "SELECT $1", "SELECT 'it''s;'", "SELECT 1 - 2 / 3"),
                SqlScript.split("SELECT ';', \"a;b\"; -- a;b\nSELECT 1;;SELECT /* ; */ 2 ; SELECT $$;$$, $t$;$$;$t$;"
                        + "SELECT $1;\n\nSELECT 'it''s;';SELECT 1 - 2 / 3 ; -- the end\n /* really; */"));
    }

    @Test
    void completesAStatementWithTheLineOfItsSemicolon() {
        SqlScript script = new SqlScript();
        assertFalse(script.isOpen());
        assertEquals(List.of(), script.add("SELECT 'a;"));
        assertTrue(script.isOpen());
        assertEquals(List.of("SELECT 'a;\nb'", "SELECT 2"), script.add("b'; SELECT 2; SELECT"));
        assertEquals(List.of("SELECT"), script.end());
        assertFalse(script.isOpen());
        assertEquals(List.of(), script.end());
    }
}
