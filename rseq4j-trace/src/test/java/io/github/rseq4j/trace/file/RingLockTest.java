package io.github.rseq4j.trace.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.trace.Child;
import io.github.rseq4j.trace.TraceRecovery;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The lock of a tracer's folder lasts as long as the tracer, also when another copy of the library in the same process
 * uses the folder.
 *
 * <pre>
 * another copy of the library, in the tracer's process     another process, after that
 * finds a running tracer                                   finds a running tracer
 * is refused a recovery                                    finds a running tracer
 * makes a tracer, which gets a folder of its own           finds a running tracer
 * after the tracer has ended: finds nothing left
 * </pre>
 */
final class RingLockTest {
    /** Prints the state of a folder. */
    static final class Looking {
        private Looking() {}

        /** Takes the folder as its argument. */
        public static void main(String[] arguments) throws IOException {
            System.out.print(TraceRecovery.left(Path.of(arguments[0])));
        }
    }

    private static String seenByAnotherProcess(Path folder) throws Exception {
        List<String> options = new ArrayList<>();
        String registration = System.getProperty(Engine.REGISTRATION_PROPERTY);
        if (registration != null) {
            options.add("-D" + Engine.REGISTRATION_PROPERTY + "=" + registration);
        }
        return Child.output(Map.of(), Child.java(options, Looking.class, folder.toString()));
    }

    private static URLClassLoader copy() throws Exception {
        Path root = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
        return new URLClassLoader(new URL[] {root.resolve("rseq4j-core/target/classes/").toUri().toURL(),
            root.resolve("rseq4j-trace/target/classes/").toUri().toURL()}, ClassLoader.getPlatformClassLoader());
    }

    private static Object call(Class<?> type, String method, Path folder) throws Exception {
        return Objects.requireNonNull(type.getMethod(method, Path.class).invoke(null, folder));
    }

    @Test
    void anotherCopyInTheProcessDoesNotEndTheLock(@TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        try (URLClassLoader loader = copy()) {
            Class<?> recovery = loader.loadClass(TraceRecovery.class.getName());
            try (Tracer _ = Tracer.streaming(folder)) {
                assertEquals("RUNNING", call(recovery, "left", folder).toString());
                assertEquals("RUNNING", seenByAnotherProcess(folder));
                InvocationTargetException refused = assertThrows(InvocationTargetException.class,
                        () -> call(recovery, "recover", folder));
                assertTrue(refused.getCause() instanceof IOException, () -> String.valueOf(refused.getCause()));
                assertEquals("RUNNING", seenByAnotherProcess(folder));
                Class<?> tracer = loader.loadClass(Tracer.class.getName());
                ((AutoCloseable) call(tracer, "streaming", folder)).close();
                assertEquals("RUNNING", seenByAnotherProcess(folder));
            }
            assertEquals("NOTHING", call(recovery, "left", folder).toString());
            // The other way round: the first copy finds the lock of the second one.
            Class<?> tracer = loader.loadClass(Tracer.class.getName());
            Path other = temporary.resolve("other");
            try (AutoCloseable _ = (AutoCloseable) call(tracer, "streaming", other)) {
                assertEquals(TraceRecovery.Left.RUNNING, TraceRecovery.left(other));
                assertThrows(IOException.class, () -> TraceRecovery.recover(other));
                assertEquals("RUNNING", seenByAnotherProcess(other));
            }
        }
    }
}
