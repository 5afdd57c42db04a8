package io.github.rseq4j.trace.stream;

import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.file.Uninterrupted;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMException;
import javax.management.ObjectName;

/** Writes the JVM's names of its code to a trace's folder, so that samples of CPU time have Java names. */
public final class CodeNamesFile {
    /* How it works
     *
     * The diagnostic command Compiler.perfmap writes address, length and name of all code that is in the code cache at
     * that time: compiled methods, the interpreter, stubs. The JVM follows links when it opens the file. So the JVM
     * writes to a new folder that only this user can access, and the file is copied from there.
     *
     * Code that was dropped before the call has no name. Where the JVM used its memory again, samples have the name of
     * the later code.
     *
     * A failure leaves the trace without names. The program may run without the modules java.management and
     * jdk.management.
     */
    private static final String BEAN = "com.sun.management:type=DiagnosticCommand";
    private static final String COMMAND = "compilerPerfmap";
    private static final int MAX_BYTES = TraceFiles.MAX_CODE_NAMES_BYTES;

    private CodeNamesFile() {}

    /**
     * Writes the names, in place of those of an earlier call.
     *
     * @param folder the folder of the trace
     * @return whether the names were written
     */
    public static boolean write(SafeFolder folder) {
        try {
            Path own = Files.createTempDirectory("rseq4j-code-names");
            Path file = own.resolve("map");
            try {
                call(file);
                return Uninterrupted.run(() -> copy(own, folder));
            } finally {
                Files.deleteIfExists(file);
                Files.deleteIfExists(own);
            }
        } catch (IOException | JMException | RuntimeException | LinkageError _) {
            return false;
        }
    }

    private static void call(Path file) throws JMException {
        ManagementFactory.getPlatformMBeanServer().invoke(new ObjectName(BEAN), COMMAND,
                new Object[] {new String[] {file.toString()}}, new String[] {String[].class.getName()});
    }

    private static boolean copy(Path own, SafeFolder folder) throws IOException {
        byte[] names;
        try (SafeFolder from = SafeFolder.open(own)) {
            names = from.read("map", MAX_BYTES);
        }
        folder.delete(TraceFiles.CODE_NAMES);
        try (FileChannel to = folder.create(TraceFiles.CODE_NAMES, false)) {
            ByteBuffer bytes = ByteBuffer.wrap(names);
            while (bytes.hasRemaining()) {
                to.write(bytes);
            }
        }
        return true;
    }
}
