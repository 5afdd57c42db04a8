package io.github.rseq4j.demo.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.demo.side.Side;
import io.github.rseq4j.demo.side.Sides;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlowRequestsTest {
    private static final long SLOW = SlowRequests.SLOW_NANOS;

    @TempDir
    private Path folder = Path.of("");

    @Test
    void takesASnapshotOfARequestThatWaitedForTheLock() throws IOException, InterruptedException {
        try (Side side = Side.of(Sides.RSEQ4J, Files.createDirectory(folder.resolve("side")))) {
            SlowRequests slow = new SlowRequests(side);
            Path snapshot = folder.resolve("snapshot");
            slow.check(1, "/documents/1", SLOW, SLOW);
            slow.arm(snapshot);
            // The machine stalled: slow without a wait, and with a short one. A wait that was not long.
            slow.check(2, "/documents/2", 100 * SLOW, 0);
            slow.check(3, "/documents/3", 100 * SLOW, 2 * SLOW);
            slow.check(4, "/documents/4", SLOW - 1, SLOW - 2);
            slow.check(5, "/documents/5", 3 * SLOW, 2 * SLOW);
            slow.check(6, "/documents/6", 3 * SLOW, 2 * SLOW);
            assertEquals(new SlowRequest(5, "/documents/5", 3 * SLOW, 2 * SLOW, snapshot.toString(), null),
                    slow.disarm());
            assertTrue(Files.exists(snapshot.resolve("metadata")));
        }
    }

    @Test
    void takesNoSnapshotIfNoRequestWaited() throws IOException, InterruptedException {
        try (Side side = Side.of(Sides.JDK, folder)) {
            SlowRequests slow = new SlowRequests(side);
            slow.arm(folder.resolve("snapshot"));
            slow.check(1, "/documents/1", 100 * SLOW, 0);
            assertEquals(SlowRequest.NONE, slow.disarm());
            slow.check(2, "/documents/2", SLOW, SLOW);
            assertEquals(SlowRequest.NONE, slow.disarm(), "not armed");
            assertFalse(Files.exists(folder.resolve("snapshot")));
        }
    }

    @Test
    void measuresTheWaitOfAStoreForAReport() throws Exception {
        try (Side side = Side.of(Sides.JDK, folder); Catalogue catalogue = new Catalogue(side.events())) {
            assertEquals(0, catalogue.store(1, 2, 3), "the lock is free");
            long waited = 0;
            for (int i = 0; i < 100 && waited == 0; i++) {
                CountDownLatch started = new CountDownLatch(1);
                Thread report = Thread.ofVirtual().start(() -> {
                    started.countDown();
                    try {
                        catalogue.report();
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
                started.await();
                Thread.sleep(1);
                waited = catalogue.store(1, 2, 3);
                report.join();
            }
            assertTrue(waited > 0, "a store waits for a report");
        }
    }
}
