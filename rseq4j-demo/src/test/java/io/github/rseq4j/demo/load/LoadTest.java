package io.github.rseq4j.demo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.demo.side.Kind;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class LoadTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long STALL_MILLIS = 1000;

    /** Counts its requests, and answers one of them late; all later ones wait for it. */
    private static final class Stalling extends Handler.Abstract implements AutoCloseable {
        private final AtomicLong requests = new AtomicLong();
        private final CountDownLatch stalled = new CountDownLatch(1);
        private final Lock lock = new ReentrantLock();
        private final Server server;
        private final long slow;

        Stalling(long slow) throws Exception {
            this.slow = slow;
            QueuedThreadPool threads = new QueuedThreadPool();
            threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server = new Server(threads);
            ServerConnector connector = new ServerConnector(server);
            connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
            server.addConnector(connector);
            server.setHandler(this);
            server.start();
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            ByteBuffer _ = Content.Source.asByteBuffer(request);
            long number = requests.incrementAndGet();
            lock.lock();
            try {
                if (number == slow) {
                    stalled.countDown();
                    Thread.sleep(STALL_MILLIS);
                }
            } finally {
                lock.unlock();
            }
            response.write(true, ByteBuffer.wrap(new byte[] {'o', 'k'}), callback);
            return true;
        }

        URI address() {
            return server.getURI();
        }

        @Override
        public void close() {
            try {
                server.stop();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void sendsEachRequestOfTheSchedule() throws Exception {
        try (Stalling service = new Stalling(-1); Load load = new Load(new Documents(null))) {
            Schedule schedule = new Schedule(200, SECOND);
            LoadResult result = load.run(service.address(), schedule);
            assertEquals(200, schedule.documents());
            assertEquals(160, result.answers(Kind.READ));
            assertEquals(40, result.answers(Kind.STORE));
            assertEquals(2, result.answers(Kind.REPORT));
            assertEquals(202, service.requests.get());
            assertEquals(202, load.sent());
            assertEquals(0, result.unexpectedCount());
        }
    }

    /** While a service stalls for a second, all requests that are due meanwhile are late, not only those in flight. */
    @Test
    void countsTheLatencyFromTheTimeOfTheSchedule() throws Exception {
        try (Stalling service = new Stalling(100); Load load = new Load(new Documents(null), 8)) {
            LoadResult result = load.run(service.address(), new Schedule(400, 2 * SECOND));
            long late = result.latency().getCountBetweenValues(TimeUnit.MILLISECONDS.toNanos(STALL_MILLIS / 2),
                    Long.MAX_VALUE);
            // Half of the 400 that are due in the second wait for half a second, although 8 are sent at a time.
            assertTrue(late >= 150, late + " of " + result.requests() + " are late");
            assertEquals(804, result.requests());
        }
    }

    @Test
    void waitsForTheAnswersToAllThatWasSentWhenItIsStopped() throws Exception {
        try (Stalling service = new Stalling(10); Load load = new Load(new Documents(null))) {
            Thread stopping = Thread.ofVirtual().start(() -> {
                try {
                    service.stalled.await();
                    load.stop();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            LoadResult result = load.run(service.address(), new Schedule(100, 600 * SECOND));
            stopping.join();
            assertTrue(load.isStopped());
            assertEquals(service.requests.get(), result.requests());
            assertEquals(0, result.unexpectedCount());
            assertEquals(0, load.run(service.address(), 600 * SECOND).requests(), "a later run sends nothing");
            assertEquals(0, load.run(service.address(), new Schedule(0.001, 600 * SECOND)).requests());
        }
    }

    @Test
    void sendsInAClosedLoopUntilTheEnd() throws Exception {
        try (Stalling service = new Stalling(-1); Load load = new Load(new Documents(null))) {
            LoadResult result = load.run(service.address(), SECOND);
            assertTrue(result.requests() > load.clients(), result.requests() + " requests");
            assertEquals(service.requests.get(), result.requests());
            assertTrue(result.nanos() >= SECOND);
        }
    }

    @Test
    void refusesAScheduleWithoutDocuments() {
        for (double perSecond : new double[] {0, -1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new Schedule(perSecond, SECOND));
        }
        assertThrows(IllegalArgumentException.class, () -> new Schedule(1, 0));
        assertEquals(1, new Schedule(0.1, SECOND).documents(), "the first document is always due");
    }
}
