package io.github.rseq4j.analysis.text;

import java.io.IOException;
import java.io.Writer;
import java.nio.CharBuffer;
import java.util.HexFormat;

/** Passes JSON text on, and escapes the characters outside of ASCII that {@link Printable} hides. */
final class EscapingWriter extends Writer {
    private static final int ASCII = 0x80;
    private static final char REPLACEMENT = '\uFFFD';

    private final Appendable to;
    /** A high surrogate whose low surrogate is in the next piece, or 0. */
    private char half;

    EscapingWriter(Appendable to) {
        this.to = to;
    }

    @Override
    public void write(char[] chars, int offset, int length) throws IOException {
        CharBuffer piece = CharBuffer.wrap(chars);
        int end = offset + length;
        int written = offset;
        for (int at = offset; at < end; at++) {
            char c = chars[at];
            if (half == 0 && (c < ASCII || !Character.isSurrogate(c) && !Printable.isHidden(c))) {
                continue;
            }
            to.append(piece, written, at);
            written = at + 1;
            if (half != 0 && Character.isLowSurrogate(c)) {
                whole(half, c);
                half = 0;
                continue;
            }
            half();
            if (Character.isHighSurrogate(c)) {
                half = c;
            } else if (Character.isSurrogate(c)) {
                escape(REPLACEMENT);
            } else if (c >= ASCII && Printable.isHidden(c)) {
                escape(c);
            } else {
                to.append(c);
            }
        }
        to.append(piece, written, end);
    }

    private void whole(char high, char low) throws IOException {
        if (Printable.isHidden(Character.toCodePoint(high, low))) {
            escape(high);
            escape(low);
        } else {
            to.append(high).append(low);
        }
    }

    /** Replaces a high surrogate that no low surrogate follows. */
    private void half() throws IOException {
        if (half != 0) {
            half = 0;
            escape(REPLACEMENT);
        }
    }

    private void escape(char unit) throws IOException {
        to.append("\\u").append(HexFormat.of().toHexDigits(unit));
    }

    @Override
    public void flush() {}

    /** Leaves the target open. JSON text ends with ASCII, so no surrogate is pending. */
    @Override
    public void close() {}
}
