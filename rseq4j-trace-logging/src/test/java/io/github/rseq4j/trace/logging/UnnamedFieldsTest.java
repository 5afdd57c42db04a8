package io.github.rseq4j.trace.logging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tracer warns once of a provider that was compiled without -parameters, as this one is. */
class UnnamedFieldsTest {
    /** One field has no name. */
    interface Unnamed {
        void fine(@Field("n") int n);

        void unnamed(@Field("n") int n, long other);
    }

    /** No field lacks a name. */
    interface Named {
        void named(@Field("n") int n);

        void without();
    }

    private static final class Kept extends Handler {
        private final List<String> messages = new ArrayList<>();

        @Override
        public void publish(LogRecord message) {
            messages.add(message.getMessage());
            // A handler that fails does not fail the program.
            throw new IllegalStateException("a failing handler");
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void warnsOnceWithTheRemedy(@TempDir Path folder) throws IOException {
        Logger logger = Logger.getLogger("io.github.rseq4j.trace.Tracer");
        Kept kept = new Kept();
        logger.addHandler(kept);
        logger.setUseParentHandlers(false);
        try {
            for (int run = 0; run < 2; run++) {
                try (Tracer tracer = Tracer.flightRecorder(folder.resolve("t" + run))) {
                    assertNotNull(tracer.probes(MethodHandles.lookup(), Named.class));
                    assertNotNull(tracer.probes(MethodHandles.lookup(), Unnamed.class));
                    assertNotNull(tracer.probes(MethodHandles.lookup(), Unnamed.class));
                }
            }
        } finally {
            logger.removeHandler(kept);
            logger.setUseParentHandlers(true);
        }
        assertEquals(1, kept.messages.size(), kept.messages::toString);
        String message = kept.messages.getFirst();
        assertTrue(message.startsWith("provider=" + Unnamed.class.getName()) && message.contains("-parameters")
                && message.contains("(method unnamed)") && message.contains("@Field"), message);
    }
}
