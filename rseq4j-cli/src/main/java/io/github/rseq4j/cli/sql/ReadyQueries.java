package io.github.rseq4j.cli.sql;

import io.github.rseq4j.cli.io.InputException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The queries that come with the command line: files of SQL whose first line is a comment that describes them. */
public final class ReadyQueries {
    private static final String FOLDER = "queries/";
    private static final String COMMENT = "-- ";

    private ReadyQueries() {}

    /** Returns the descriptions of the queries by their names, in the order of the list. */
    public static Map<String, String> descriptions() {
        Map<String, String> descriptions = new LinkedHashMap<>();
        for (String name : SqlScript.resource(FOLDER + "list.txt").lines().toList()) {
            descriptions.put(name, sql(name).lines().findFirst().orElse("").substring(COMMENT.length()));
        }
        return descriptions;
    }

    private static String sql(String name) {
        return SqlScript.resource(FOLDER + name + ".sql");
    }

    /**
     * Returns the text of a query.
     *
     * @param option the option or command that names it
     * @param name its name
     * @return one statement
     * @throws InputException if there is no query of that name
     */
    public static String query(String option, String name) {
        Map<String, String> known = descriptions();
        if (!known.containsKey(name)) {
            throw new InputException(option + "=" + name + ": is unknown, must be one of "
                    + String.join(", ", known.keySet()));
        }
        return sql(name);
    }
}
