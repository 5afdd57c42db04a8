package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.table.MethodRow;
import java.util.regex.Pattern;

/**
 * Selects methods by their names, CLASS::METHOD. {@code *} stands for any characters, {@code ?} for one. A text without
 * them selects the methods whose names have it as a part. Upper and lower case are equal.
 *
 * @param text the text as the user wrote it; an empty one selects all methods
 * @param pattern the same as a pattern of whole names
 */
record MethodFilter(String text, Pattern pattern) {
    static final MethodFilter ALL = of("");

    static MethodFilter of(String text) {
        boolean isGlob = text.indexOf('*') >= 0 || text.indexOf('?') >= 0;
        String glob = isGlob ? text : "*" + text + "*";
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            if (c == '*') {
                regex.append(i > 0 && glob.charAt(i - 1) == '*' ? "" : ".*");
            } else {
                regex.append(c == '?' ? "." : Pattern.quote(String.valueOf(c)));
            }
        }
        return new MethodFilter(text, Pattern.compile(regex.toString(),
                Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.DOTALL));
    }

    boolean matches(MethodRow row) {
        return text.isEmpty() || pattern.matcher(row.className() + "::" + row.method()).matches();
    }
}
