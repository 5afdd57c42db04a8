package io.github.rseq4j.cli.sql;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Names that are unique for SQL, which does not distinguish case. */
public final class SqlNames {
    private final Set<String> taken = new HashSet<>();

    /** Creates a set without names. */
    public SqlNames() {}

    /** Takes a name; or, if it is taken, the name with the first number from 2 on that makes it unique. */
    String take(String name) {
        String free = name;
        for (int i = 2; !taken.add(free.toLowerCase(Locale.ROOT)); i++) {
            free = name + "_" + i;
        }
        return free;
    }

    /** Tells whether a name is taken. */
    boolean has(String name) {
        return taken.contains(name.toLowerCase(Locale.ROOT));
    }

    /** Returns a name as an identifier of SQL. */
    static String identifier(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /** Returns a text as a literal of SQL. */
    static String literal(String text) {
        return '\'' + text.replace("'", "''") + '\'';
    }
}
