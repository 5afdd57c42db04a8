package io.github.rseq4j.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;

/** Requires rseq for a test. Where rseq is unavailable, the test is skipped with the reason; in CI it fails. */
public final class Rseqs {
    private Rseqs() {}

    /** Returns the engine, or skips the test where the engine is the fallback. */
    public static NativeEngine require() {
        Engine engine = Engine.get();
        boolean available = engine instanceof NativeEngine;
        String reason = "rseq is not available: " + engine.registration().reason();
        if (Boolean.getBoolean("rseq4j.ci")) {
            assertTrue(available, reason);
        }
        assumeTrue(available, reason);
        return (NativeEngine) engine;
    }
}
