package io.github.rseq4j.trace.thread;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The limits of the list of threads, and the owners of the kernel's numbers. */
final class ThreadListTest {
    private static final int MANY = 3 * ThreadList.MAX_THREADS;

    private final ThreadList list = new ThreadList();

    private List<TraceThread> threads() {
        return list.known().threads();
    }

    private static ThreadEntry ended(String name, long tid, long now) {
        return ThreadEntry.ofPlatform(new Thread(() -> {}, name), tid, now);
    }

    @Test
    void keepsAMillionVirtualThreadsWithoutNamesAsOneRange() {
        // The order within each block of 2,000 threads is mixed, as if these ran at the same time.
        for (long block = 0; block < 1_000_000; block += 2000) {
            for (long i = 0; i < 2000; i++) {
                list.add(ThreadEntry.ofVirtual(40 + block + i * 777 % 2000, ""));
            }
        }
        assertEquals(Map.of(TraceThread.VIRTUAL, "40-1000039"), list.known().environment());
        assertEquals(List.of(), threads());
    }

    @Test
    void forgetsAndCountsTheOldestThreadsThatAreNotAlive() {
        list.add(ThreadEntry.ofPlatform(Thread.currentThread(), 1, 1));
        for (int i = 0; i < MANY; i++) {
            list.add(ThreadEntry.ofVirtual(1_000_000 + i, "virtual " + i));
            if (i % 100 == 0) {
                list.add(ThreadEntry.ofVirtual(1_000_000 + i, "the same"));
            }
        }
        List<TraceThread> threads = threads();
        assertEquals(ThreadList.MAX_THREADS, threads.size());
        assertTrue(threads.stream().anyMatch(each -> each.javaId() == Thread.currentThread().threadId()));
        assertTrue(threads.stream().skip(1).allMatch(each -> !each.isVirtual()
                || each.javaId() > 1_000_000 + MANY - ThreadList.MAX_THREADS));
        assertEquals(MANY + 1L - ThreadList.MAX_THREADS, list.known().environment().get(TraceThread.FORGOTTEN));
    }

    @Test
    void keepsAtMostTheLimitOfThreadsBesideALiveOne() {
        Thread self = Thread.currentThread();
        list.add(ThreadEntry.ofPlatform(self, 1, 1));
        for (int i = 0; i < MANY; i++) {
            // A virtual thread is never known to be alive.
            list.add(ThreadEntry.ofVirtual(self.threadId() + 1 + i, "x"));
        }
        assertEquals(ThreadList.MAX_THREADS, threads().size());
    }

    @Test
    void keepsFewerThreadsWithLongNames() {
        for (int i = 0; i < ThreadList.MAX_THREADS; i++) {
            list.add(ThreadEntry.ofVirtual(100 + i, "\u20ac".repeat(1000)));
        }
        List<TraceThread> threads = threads();
        assertTrue(threads.size() < ThreadList.MAX_THREADS);
        assertTrue(threads.size() * 100L * 12 > ThreadList.MAX_CHARS / 2);
        assertTrue(threads.size() * 97L * 12 < ThreadList.MAX_CHARS);
        assertEquals((long) ThreadList.MAX_THREADS - threads.size(),
                list.known().environment().get(TraceThread.FORGOTTEN));
    }

    @Test
    void keepsALimitedNumberOfRanges() {
        for (int i = 0; i < ThreadList.MAX_RANGES + 10; i++) {
            list.add(ThreadEntry.ofVirtual(2L * i + 1, ""));
        }
        Map<String, Object> environment = list.known().environment();
        assertEquals(10L, environment.get(TraceThread.FORGOTTEN));
        assertEquals(ThreadList.MAX_RANGES, String.valueOf(environment.get(TraceThread.VIRTUAL)).split(",", -1).length);
        assertTrue(String.valueOf(environment.get(TraceThread.VIRTUAL)).startsWith("21,"));
    }

    @Test
    void aNumberBelongsToOneThreadUntilAnotherOneHasIt() {
        list.add(ended("first", 77, 10));
        list.add(ended("second", 77, 20));
        list.add(ended("third", 77, 30));
        assertEquals(List.of("first 10 20", "second 20 30", "third 30 -1"), spans());
    }

    private List<String> spans() {
        return threads().stream().map(each -> each.name() + " " + each.from() + " " + each.to()).toList();
    }

    @Test
    void joinsAThreadFoundInProcWithItsFirstEvent() {
        int tid = Linux.gettid();
        list.found(Map.of(tid, tid), 10);
        assertEquals(1, threads().size());
        assertEquals(TraceThread.NONE, threads().getFirst().javaId());
        list.add(ended("java", tid, 15));
        assertEquals(List.of("java 10 -1"), spans());
        list.found(Map.of(tid, tid), 20);
        assertEquals(List.of("java 10 -1"), spans());
        list.found(Map.of(), 30);
        assertEquals(List.of("java 10 30"), spans());
        // Another thread has the number now; it has recorded no event yet.
        list.found(Map.of(tid, tid), 40);
        assertEquals(2, threads().size());
        assertEquals(TraceThread.NONE, threads().getLast().javaId());
        list.add(ended("other", tid, 45));
        assertEquals(List.of("java 10 30", "other 40 -1"), spans());
    }

    @Test
    void aThreadThatBeginsDuringTheLookHasNotEnded() {
        list.add(ended("new", 77, 10));
        list.found(Map.of(), 10);
        assertEquals(List.of("new 10 -1"), spans());
        list.found(Map.of(), 11);
        assertEquals(List.of("new 10 11"), spans());
    }

    @Test
    void readsTheKernelsNameAgain() throws IOException {
        int tid = Linux.gettid();
        list.found(Map.of(tid, tid), 10);
        String before = KernelTasks.name(tid);
        assertEquals(before, threads().getFirst().name());
        assertFalse(before.endsWith("\n"));
        String former = Thread.currentThread().getName();
        Thread.currentThread().setName("another name of it");
        try {
            list.found(Map.of(tid, tid), 20);
            assertEquals("another name of".substring(0, 15), threads().getFirst().name());
        } finally {
            Thread.currentThread().setName(former);
        }
    }
}
