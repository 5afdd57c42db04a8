package io.github.rseq4j.cli.io;

import io.github.rseq4j.analysis.text.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.HexFormat;

/**
 * The output of a command that may be long. A PrintWriter hides lost output; this writer throws soon after the loss, so
 * that the command stops. {@link Launch} reports the loss.
 */
public final class OutputWriter extends Writer {
    private static final int ASK_CHARS = 1 << 16;
    private static final int ASCII = 0x80;

    private final PrintWriter out;
    private final boolean isAscii;
    private int unasked;

    private OutputWriter(PrintWriter out, boolean isAscii) {
        this.out = out;
        this.isAscii = isAscii;
    }

    /** Returns a writer of text to the output. */
    public static OutputWriter text(PrintWriter out) {
        return new OutputWriter(out, false);
    }

    /** Returns a writer of JSON to the output. It escapes characters outside of ASCII unless the output is UTF-8. */
    public static OutputWriter json(PrintWriter out) {
        return new OutputWriter(out, !System.getProperty("stdout.encoding", "").equalsIgnoreCase("UTF-8"));
    }

    /**
     * Prints an object as JSON, with one line for each entry.
     *
     * @param out the output
     * @param object the object
     */
    public static void print(PrintWriter out, Object object) {
        try {
            Json.pretty(json(out)).value(object);
        } catch (IOException _) {
            // Launch reports the lost output.
            return;
        }
        out.println();
    }

    @Override
    public void write(char[] chars, int offset, int length) throws IOException {
        write(new String(chars, offset, length), 0, length);
    }

    @Override
    public void write(String text, int offset, int length) throws IOException {
        int written = offset;
        for (int at = offset; isAscii && at < offset + length; at++) {
            if (text.charAt(at) >= ASCII) {
                out.write(text, written, at - written);
                out.write("\\u" + HexFormat.of().toHexDigits(text.charAt(at)));
                written = at + 1;
            }
        }
        out.write(text, written, offset + length - written);
        unasked += length;
        if (unasked >= ASK_CHARS) {
            unasked = 0;
            flush();
        }
    }

    @Override
    public void flush() throws IOException {
        if (out.checkError()) {
            throw new IOException("the output is lost");
        }
    }

    /** Leaves the output open. */
    @Override
    public void close() {}
}
