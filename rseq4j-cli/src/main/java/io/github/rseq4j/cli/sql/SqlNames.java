package io.github.rseq4j.cli.sql;

import java.util.HashSet;
import java.util.List;
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

    /**
     * Returns names that differ. The first of equal names keeps its name; each later one ends with the first number
     * from 2 on with which it is none of the others. So a name that no other one equals is unchanged.
     */
    static List<String> distinct(List<String> names) {
        SqlNames unique = new SqlNames();
        names.forEach(name -> unique.taken.add(name.toLowerCase(Locale.ROOT)));
        Set<String> seen = new HashSet<>();
        return names.stream().map(name -> seen.add(name.toLowerCase(Locale.ROOT)) ? name : unique.take(name)).toList();
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
