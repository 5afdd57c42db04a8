package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Class loaders that come and go, with the library in them or beside them, leave nothing behind.
 *
 * <pre>
 * in the class loader's static field              loaders   threads   descriptors   at exit, when it was closed
 * a tracer, open                                  0         0         level         no exception
 * a tracer, closed                                0         0         level         no exception
 * a CPU sampler, open: no timer, no handler       0         0         level         no exception
 * a provider of a tracer outside                  0         -         -             -
 * </pre>
 */
final class RedeployTest {
    /** -Drseq4j.redeploys=300 is the soak. */
    private static final int ROUNDS = Integer.getInteger("rseq4j.redeploys", 6);

    @ParameterizedTest
    @EnumSource
    void leavesNothingBehind(RedeployChild.Use use, @TempDir Path folder) throws IOException, InterruptedException {
        if (use == RedeployChild.Use.SAMPLER) {
            assumeTrue(Rseq.availability().available() && !TraceTime.isGiven(), "handlers record with rseq alone");
        }
        List<String> options = new ArrayList<>(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                // The JDK keeps some of what it links softly.
                "-XX:SoftRefLRUPolicyMSPerMB=0"));
        String registration = System.getProperty(Engine.REGISTRATION_PROPERTY);
        if (registration != null) {
            options.add("-D" + Engine.REGISTRATION_PROPERTY + "=" + registration);
        }
        String output = Child.output(Map.of(), Child.java(options, RedeployChild.class,
                RedeployChild.class.getName(), use.name(), String.valueOf(ROUNDS), folder.toString()));
        assertTrue(output.contains("\nlevel=true\n") && output.contains("\nend\n"),
                Rseq.availability().owner() + ": " + output);
        assertFalse(output.contains("Exception") || output.contains("Error"), output);
        // A killed process leaves a trace of each copy that did not close its tracer.
        try (Stream<Path> traces = Files.list(folder)) {
            for (Path trace : traces.filter(each -> Files.exists(each.resolve(TracerFolder.RINGS))).toList()) {
                List<String> problems = TraceRecovery.recover(trace).problems();
                // On the fallback the rings end with the process, and recovery reports that.
                assertTrue(problems.isEmpty() || !Rseq.availability().available(), problems.toString());
            }
        }
    }

    /** Loads one class anew, and all others as everybody does. */
    private static final class Anew extends ClassLoader {
        Anew() {
            super(RedeployTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.equals(RedeployMail.class.getName())) {
                return super.loadClass(name, resolve);
            }
            try (InputStream in = RedeployTest.class.getResourceAsStream("RedeployMail.class")) {
                byte[] bytes = in == null ? new byte[0] : in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static WeakReference<ClassLoader> send(Tracer tracer, long id) throws ReflectiveOperationException {
        ClassLoader loader = new Anew();
        Class<?> mail = loader.loadClass(RedeployMail.class.getName());
        Object probes = tracer.probes(mail);
        assertSame(probes, tracer.probes(mail));
        mail.getMethod("sent", long.class, String.class).invoke(probes, id, "you");
        ((Span) mail.getMethod("read", long.class).invoke(probes, id)).close();
        return new WeakReference<>(loader);
    }

    @Test
    void oneProviderOfSeveralClassLoadersIsOne(@TempDir Path folder) throws Exception {
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        try (Tracer tracer = Tracer.streaming(folder)) {
            tracer.probes(RedeployMail.class).sent(0, "you");
            int probes = tracer.probes().size();
            for (int id = 1; id <= ROUNDS; id++) {
                loaders.add(send(tracer, id));
            }
            assertEquals(probes, tracer.probes().size());
            assertEquals(2, tracer.disable("redeployMail:read"));
            loaders.add(send(tracer, ROUNDS + 1));
            for (int i = 0; i < 100 && loaders.stream().anyMatch(loader -> loader.get() != null); i++) {
                System.gc();
                Thread.sleep(5);
            }
            assertEquals(0, loaders.stream().filter(loader -> loader.get() != null).count());
        }
        List<TraceEvent> events = TracerTest.read(folder, 0);
        assertEquals(1 + ROUNDS + 2 * ROUNDS + 1, events.size());
        assertEquals(3, events.stream().map(event -> event.type().id()).distinct().count());
    }

    @Test
    void anotherDeclarationOfTheSameNameIsRefused(@TempDir Path folder) throws IOException {
        try (Tracer tracer = Tracer.streaming(folder)) {
            tracer.probes(RedeployMail.class);
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> tracer.probes(Other.RedeployMail.class));
            assertTrue(String.valueOf(e.getMessage()).contains("redeployMail:sent is there already, from "
                    + RedeployMail.class.getName()), e.getMessage());
        }
    }

    /** Has another interface of that simple name. */
    static final class Other {
        private Other() {}

        /** Declares the same event. */
        public interface RedeployMail {
            /** A mail was sent. */
            void sent(long id, String to);
        }
    }
}
