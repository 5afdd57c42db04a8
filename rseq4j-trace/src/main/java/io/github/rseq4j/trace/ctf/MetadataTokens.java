package io.github.rseq4j.trace.ctf;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Splits metadata into tokens. A character of the text is a byte of the file, so positions are offsets in the file. */
final class MetadataTokens {
    /** The token at the end. */
    static final String END = "end of file";
    /** The longest token, in bytes: the longest label of an enumeration with each character escaped. */
    static final int MAX_TOKEN_BYTES = 1 << 20;
    private static final int SHOWN_CHARS = 40;

    private final String text;
    private int next;
    private int offset;
    private String token = END;
    private boolean isText;

    /** @param text the text, each character a byte */
    MetadataTokens(String text) {
        this.text = text;
        advance();
    }

    /** Thrown if the text is not in the expected form. */
    static final class Unexpected extends Exception {
        private static final long serialVersionUID = 1L;
        private final int offset;

        Unexpected(int offset, String message) {
            // No stack trace, because damaged metadata can throw millions of these.
            super(message, null, false, false);
            this.offset = offset;
        }

        int offset() {
            return offset;
        }
    }

    /** Returns the current token: a word, a number, a sign, a literal in quotes, or {@link #END}. */
    String token() {
        return token;
    }

    int offset() {
        return offset;
    }

    boolean atEnd() {
        return !isText && token.equals(END);
    }

    /** Advances to the next token. */
    void advance() {
        skipBlanks();
        offset = next;
        isText = false;
        if (next >= text.length()) {
            token = END;
            return;
        }
        char c = text.charAt(next);
        if (c == '"') {
            endOfText();
        } else if (isWord(c)) {
            while (next < text.length() && isWord(text.charAt(next))) {
                next++;
            }
        } else {
            next += text.startsWith(":=", next) ? 2 : 1;
        }
        token = text.substring(offset, Math.min(next, offset + MAX_TOKEN_BYTES));
        // A token that was cut here is not equal to any expected token.
        isText &= next - offset <= MAX_TOKEN_BYTES;
    }

    private void skipBlanks() {
        while (next < text.length()) {
            if (text.startsWith("/*", next)) {
                int end = text.indexOf("*/", next + 2);
                next = end < 0 ? text.length() : end + 2;
            } else if (" \t\r\n".indexOf(text.charAt(next)) >= 0) {
                next++;
            } else {
                return;
            }
        }
    }

    private void endOfText() {
        next++;
        while (next < text.length() && text.charAt(next) != '"' && text.charAt(next) != '\n') {
            next += text.charAt(next) == '\\' ? 2 : 1;
        }
        next = Math.min(next + 1, text.length());
        isText = true;
    }

    private static boolean isWord(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_';
    }

    /** Refuses the current token. */
    Unexpected unexpected(String expected) {
        String found = token.length() > SHOWN_CHARS
                ? token.substring(0, SHOWN_CHARS) + "... (" + (next - offset) + " bytes)" : token;
        StringBuilder printable = new StringBuilder();
        found.chars().forEach(c -> printable.append(c >= ' ' && c < 0x7F ? (char) c : '?'));
        return new Unexpected(offset, "expected " + expected + ", found " + printable);
    }

    void expect(String expected) throws Unexpected {
        if (atEnd() || !token.equals(expected)) {
            throw unexpected(expected);
        }
        advance();
    }

    /** Consumes the tokens of a text that all traces share. */
    void expectAll(String constant) throws Unexpected {
        MetadataTokens expected = new MetadataTokens(constant);
        while (!expected.atEnd()) {
            expect(expected.token);
            expected.advance();
        }
    }

    /** Consumes a token if it is the current one. */
    boolean accept(String wanted) {
        if (atEnd() || !token.equals(wanted)) {
            return false;
        }
        advance();
        return true;
    }

    String word() throws Unexpected {
        if (atEnd() || !isWord(token.charAt(0))) {
            throw unexpected("a name");
        }
        if (next - offset > MAX_TOKEN_BYTES) {
            throw unexpected("a shorter name");
        }
        String word = token;
        advance();
        return word;
    }

    long number() throws Unexpected {
        int start = offset;
        boolean isNegative = accept("-");
        String digits = token;
        if (atEnd() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw unexpected("a number");
        }
        advance();
        try {
            return Long.parseLong(isNegative ? "-" + digits : digits);
        } catch (NumberFormatException _) {
            throw new Unexpected(start, "expected a number of 64 bits, found one of "
                    + digits.length() + " digits");
        }
    }

    /** Consumes a literal, and returns its text. */
    String text() throws Unexpected {
        if (!isText || token.length() < 2 || !token.endsWith("\"")) {
            throw unexpected("a text in quotation marks");
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 1; i < token.length() - 1; i++) {
            char c = token.charAt(i);
            if (c != '\\') {
                bytes.write(c);
            } else if (token.charAt(i + 1) == '"' || token.charAt(i + 1) == '\\') {
                bytes.write(token.charAt(++i));
            } else if (i + 4 < token.length() && isOctal(i + 1) && isOctal(i + 2) && isOctal(i + 3)) {
                bytes.write(Integer.parseInt(token.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                throw new Unexpected(offset + i, "expected an escape of a quotation mark, a backslash or three octal"
                        + " digits");
            }
        }
        advance();
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private boolean isOctal(int at) {
        return token.charAt(at) >= '0' && token.charAt(at) <= '7';
    }
}
