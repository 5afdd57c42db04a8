package io.github.rseq4j.analysis.text;

import java.io.IOException;
import java.io.Writer;
import java.nio.CharBuffer;
import java.util.HexFormat;

/** JSON on its way to its target: characters beyond the first 128 that {@link Printable} hides are escaped. */
final class EscapingWriter extends Writer {
    private static final int ASCII = 0x80;
    private static final char REPLACEMENT = '\uFFFD';

    private final Appendable to;
    /** The first half of a surrogate pair whose second half comes with the next piece, or 0. */
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

    /** A half that no other one follows. */
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

    /** Leaves the target open. A text ends before its document does, so that no half is left. */
    @Override
    public void close() {}
}
