package io.github.rseq4j.analysis.text;

import java.util.HexFormat;
import java.util.function.Consumer;

/**
 * Makes text from untrusted sources (names, paths, values of events, arguments of commands) safe for a terminal, a file
 * of JSON, or a page. It escapes control characters, characters that change the direction of a line, and single
 * surrogates; they are called hidden characters.
 */
public final class Printable {
    /** The most characters of a name that are shown. */
    public static final int MAX_NAME_CHARS = 300;

    private Printable() {}

    /** Returns a text with its hidden characters escaped. */
    public static String text(String text) {
        if (text.codePoints().noneMatch(c -> isHidden(c))) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 16);
        append(text, '\0', c -> out.append(c));
        return out.toString();
    }

    /** Returns a name with its hidden characters escaped. A long name is cut, and its length noted. */
    public static String name(String name) {
        return text(cut(name, MAX_NAME_CHARS));
    }

    /** Returns a text; or, if it is too long, its beginning and a note of its length. */
    public static String cut(String text, int maxChars) {
        if (text.length() <= maxChars) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(maxChars - 1)) ? maxChars - 1 : maxChars;
        return text.substring(0, end) + "... (" + text.length() + " characters)";
    }

    /**
     * Passes on a text piece by piece, with its hidden characters escaped. Pieces avoid a copy of the escaped text,
     * which may be several times as long.
     *
     * @param text the text
     * @param mark the quotation mark around the text, which is escaped too, as are backslashes; or 0 for none
     * @param to receives the pieces
     */
    public static void append(String text, char mark, Consumer<CharSequence> to) {
        int written = 0;
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            String escaped = isHidden(c) ? escape(c)
                    : mark != '\0' && (c == mark || c == '\\') ? "\\" + (char) c : null;
            if (escaped != null) {
                to.accept(text.substring(written, at));
                to.accept(escaped);
                written = at + Character.charCount(c);
            }
            at += Character.charCount(c);
        }
        to.accept(text.substring(written));
    }

    /** Tells whether a character is hidden. */
    static boolean isHidden(int c) {
        return switch (Character.getType(c)) {
            // FORMAT includes the characters that change the direction of a line.
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.LINE_SEPARATOR,
                Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }

    private static String escape(int c) {
        return switch (c) {
            case '\n' -> "\\n";
            case '\t' -> "\\t";
            case '\r' -> "\\r";
            default -> c < 0x10000 ? "\\u" + HexFormat.of().toHexDigits((char) c)
                    : "\\u{" + Integer.toHexString(c) + "}";
        };
    }

    /** Returns a space and a name in quotation marks; or an empty text for an empty name. */
    public static String quoted(String name) {
        if (name.isEmpty()) {
            return "";
        }
        StringBuilder quoted = new StringBuilder(" \"");
        append(name, '"', quoted::append);
        return quoted.append('"').toString();
    }
}
