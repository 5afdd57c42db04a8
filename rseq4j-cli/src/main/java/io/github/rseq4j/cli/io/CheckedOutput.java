package io.github.rseq4j.cli.io;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The output or error output of the process. It keeps the first failure, which a PrintWriter would hide. */
public final class CheckedOutput extends OutputStream {
    private final OutputStream target;
    private @Nullable IOException failure;

    public CheckedOutput(OutputStream target) {
        this.target = target;
    }

    /** Returns an output to a file descriptor. */
    public static CheckedOutput of(FileDescriptor descriptor) {
        return new CheckedOutput(new FileOutputStream(descriptor));
    }

    /**
     * Returns a writer to this output. It replaces characters that the encoding cannot represent.
     *
     * @param property the system property that names the encoding
     */
    public PrintWriter writer(String property) {
        String name = System.getProperty(property, "");
        return new PrintWriter(this, false, Charset.isSupported(name.isEmpty() ? " " : name) ? Charset.forName(name)
                : StandardCharsets.UTF_8);
    }

    /** Returns the first failure, or null if everything was written. */
    synchronized @Nullable IOException failure() {
        return failure;
    }

    @Override
    public synchronized void write(int octet) throws IOException {
        write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            target.write(bytes, offset, length);
        } catch (IOException e) {
            failure = failure == null ? e : failure;
            throw e;
        }
    }
}
