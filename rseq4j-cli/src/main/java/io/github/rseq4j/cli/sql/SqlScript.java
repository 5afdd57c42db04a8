package io.github.rseq4j.cli.sql;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Text of SQL, which is split into statements at the semicolons between them. */
public final class SqlScript {
    private final StringBuilder rest = new StringBuilder();

    /** Creates a script without text. */
    public SqlScript() {}

    /**
     * Adds text.
     *
     * @param text the text, a line or more
     * @return the statements that the text completes, without their semicolons
     */
    public List<String> add(String text) {
        rest.append(text).append('\n');
        List<String> statements = new ArrayList<>();
        int start = 0;
        int at = 0;
        while (at < rest.length()) {
            int next = after(at);
            if (next < 0) {
                break;
            }
            if (rest.charAt(at) == ';') {
                addUnlessBlank(rest.substring(start, at), statements);
                start = next;
            }
            at = next;
        }
        rest.delete(0, start);
        return statements;
    }

    /** Returns the text after the last semicolon as a statement, or an empty list if it has no statement. */
    public List<String> end() {
        List<String> statements = new ArrayList<>();
        addUnlessBlank(rest.toString(), statements);
        rest.setLength(0);
        return statements;
    }

    /** Tells whether the script waits for the end of a statement. */
    public boolean isOpen() {
        return !isBlank(rest.toString());
    }

    /** Returns the statements of a text. */
    public static List<String> split(String text) {
        SqlScript script = new SqlScript();
        List<String> statements = new ArrayList<>(script.add(text));
        statements.addAll(script.end());
        return statements;
    }

    /** Returns the text of a file beside this class. */
    static String resource(String name) {
        try (InputStream file = SqlScript.class.getResourceAsStream(name)) {
            if (file == null) {
                throw new IllegalStateException("resource=" + name + " is missing");
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("resource=" + name + " cannot be read", e);
        }
    }

    private static void addUnlessBlank(String text, List<String> statements) {
        if (!isBlank(text)) {
            statements.add(text.strip());
        }
    }

    /** Tells whether a text consists of blanks and comments. */
    private static boolean isBlank(String text) {
        return text.replaceAll("(?s)/\\*.*?\\*/|--[^\n]*", "").isBlank();
    }

    /** Returns the place after the token at a place: a literal, a comment or a character; -1 if its end is missing. */
    private int after(int at) {
        char c = rest.charAt(at);
        return switch (c) {
            case '\'', '"' -> afterMark(String.valueOf(c), at + 1);
            case '-' -> rest.indexOf("--", at) == at ? afterMark("\n", at) : at + 1;
            case '/' -> rest.indexOf("/*", at) == at ? afterMark("*/", at + 2) : at + 1;
            case '$' -> afterDollar(at);
            default -> at + 1;
        };
    }

    private int afterMark(String mark, int from) {
        int end = rest.indexOf(mark, from);
        return end < 0 ? -1 : end + mark.length();
    }

    /** Returns the place after a text between dollars, as in {@code $tag$ text $tag$}. */
    private int afterDollar(int at) {
        int end = at + 1;
        while (end < rest.length() && Character.isJavaIdentifierPart(rest.charAt(end)) && rest.charAt(end) != '$') {
            end++;
        }
        boolean isTag = end < rest.length() && rest.charAt(end) == '$'
                && (end == at + 1 || !Character.isDigit(rest.charAt(at + 1)));
        return isTag ? afterMark(rest.substring(at, end + 1), end + 1) : at + 1;
    }
}
