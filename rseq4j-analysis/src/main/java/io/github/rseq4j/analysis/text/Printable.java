package io.github.rseq4j.analysis.text;

import java.util.HexFormat;
import java.util.function.Consumer;

/**
 * Text that others chose (names, paths, values of events, the user's words) on its way to a terminal, a file of JSON or
 * a page. No control character, no character that turns the direction of a line and no half of a surrogate pair gets
 * there as it is.
 */
public final class Printable {
    /** So many characters of a name are shown. */
    public static final int MAX_NAME_CHARS = 300;

    private Printable() {}

    /** Returns a text with what may not be printed escaped. */
    public static String text(String text) {
        if (text.codePoints().noneMatch(c -> isHidden(c))) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 16);
        append(text, '\0', c -> out.append(c));
        return out.toString();
    }

    /** Returns a name with what may not be printed escaped, and cut where it is long, which is noted. */
    public static String name(String name) {
        return text(cut(name, MAX_NAME_CHARS));
    }

    /** Returns a text, or its beginning and a note of its length. */
    public static String cut(String text, int maxChars) {
        if (text.length() <= maxChars) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(maxChars - 1)) ? maxChars - 1 : maxChars;
        return text.substring(0, end) + "... (" + text.length() + " characters)";
    }

    /**
     * Hands over a text piece by piece, with what may not be printed escaped: a text of a megabyte is several when it
     * is escaped.
     *
     * @param text the text
     * @param mark what the text stands between, which is escaped too, as backslashes are; or 0
     * @param to takes the pieces
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

    /** Tells whether a character does not reach a terminal, a file or a page as it is. */
    static boolean isHidden(int c) {
        return switch (Character.getType(c)) {
            // FORMAT has the characters that turn the direction of a line.
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

    /** Returns a space and a name in quotation marks, or nothing where it has no characters. */
    public static String quoted(String name) {
        if (name.isEmpty()) {
            return "";
        }
        StringBuilder quoted = new StringBuilder(" \"");
        append(name, '"', quoted::append);
        return quoted.append('"').toString();
    }
}
