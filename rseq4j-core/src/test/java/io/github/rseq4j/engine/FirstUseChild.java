package io.github.rseq4j.engine;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Seccomp;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.percpu.PerCpuByteRing;
import io.github.rseq4j.percpu.PerCpuByteStack;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuCounters;
import io.github.rseq4j.percpu.PerCpuHistogram;
import io.github.rseq4j.percpu.PerCpuItems;
import io.github.rseq4j.percpu.PerCpuLock;
import io.github.rseq4j.percpu.PerCpuPool;
import io.github.rseq4j.percpu.PerCpuRing;
import io.github.rseq4j.percpu.PerCpuStack;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.section.Place;
import io.github.rseq4j.section.SectionBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * The child JVM of {@link FirstUseTest}: uses a copy of the library first under a fault, and again without it. Each use
 * has its own copy under its own class loader, because a class is initialised once.
 */
public final class FirstUseChild {
    /** The first uses. */
    static final List<String> USES = List.of("counter", "availability", "counters", "histogram", "items", "stack",
            "byteStack", "ring", "byteRing", "lock", "pool", "currentCpu", "fence", "section");
    private static final int MAX_THREADS = 20_000;
    private static final int REST_BYTES = 256 << 10;
    private static final int MANY = 32;

    private FirstUseChild() {}

    /**
     * Runs the child: for each use a line "use=first outcome, then outcome".
     *
     * @param arguments the fault, the folders of classes, and the uses
     * @throws Exception when the child itself fails
     */
    public static void main(String[] arguments) throws Exception {
        for (String use : arguments[3].split(",", -1)) {
            URL[] path = {url(arguments[1]), url(arguments[2])};
            @SuppressWarnings("resource")
            ClassLoader loader = new URLClassLoader(path, ClassLoader.getPlatformClassLoader());
            var copy = loader.loadClass(FirstUseChild.class.getName());
            System.out.println(use + "=" + copy.getMethod("inCopy", String.class, String.class)
                    .invoke(null, arguments[0], use));
        }
    }

    private static URL url(String folder) throws MalformedURLException {
        return Path.of(folder).toUri().toURL();
    }

    /**
     * Uses this copy under a fault, and again without it.
     *
     * @param wrong the fault
     * @param use the use
     * @return the outcomes of both
     * @throws Exception when the child itself fails
     */
    public static String inCopy(String wrong, String use) throws Exception {
        String first = switch (wrong) {
            case "nothing" -> outcome(use);
            case "stack" -> onDeepStack(use);
            case "heap" -> onFullHeap(use);
            case "metaspace" -> onFullMetaspace(use);
            case "threads" -> withoutThreads(use);
            case "interrupt" -> onInterruptedThread(use);
            case "many" -> onManyThreads(use);
            case "code" -> withoutLaterCode(use);
            case "deadline" -> atDeadline(use);
            case "forkedDeadline" -> atDeadline(use, "--reset-on-fork");
            default -> throw new IllegalArgumentException(wrong);
        };
        Rseq.Availability availability = Rseq.availability();
        return first + ", then " + outcome(use) + ", " + (availability.available() ? "available" : "fallback: "
                + availability.reason() + "; " + availability.remedy());
    }

    private static String outcome(String use) {
        try {
            use(use);
            return "fine";
        } catch (Throwable t) {
            return String.valueOf(t);
        }
    }

    private static void use(String use) {
        switch (use) {
            case "availability" -> require(!Rseq.availability().engine().isEmpty());
            case "counter" -> {
                PerCpuCounter counter = new PerCpuCounter();
                counter.add(3);
                require(counter.sum() == 3);
            }
            case "counters" -> {
                PerCpuCounters counters = new PerCpuCounters(8);
                counters.add(new int[] {0, 1}, new long[] {1, 2});
                counters.add(new int[] {0, 1, 2, 3}, new long[] {1, 2, 3, 4});
                counters.add(new int[] {0, 1, 2, 3, 4, 5, 6, 7}, new long[] {1, 2, 3, 4, 5, 6, 7, 8});
                require(counters.sum(1) == 6 && counters.sumThenReset(7) == 8);
                counters.fused(0, 1, 2).add(1, 2, 3);
                counters.fused(0, 1, 2, 3, 4, 5, 6, 7).add(1, 2, 3, 4, 5, 6, 7, 8);
                require(counters.sum(1) == 10 && counters.sum(7) == 8);
            }
            case "histogram" -> {
                PerCpuHistogram histogram = new PerCpuHistogram();
                histogram.record(5);
                require(histogram.snapshot().count() == 1);
            }
            case "items" -> {
                try (PerCpuItems items = new PerCpuItems(64)) {
                    items.free(items.allocate());
                }
            }
            case "stack" -> {
                PerCpuStack stack = new PerCpuStack(8);
                require(stack.push(7) && stack.size() == 1);
                require(stack.pushAll(new long[] {1, 2}, 0, 2));
                require(stack.drain(value -> { }) == 3);
            }
            case "byteStack" -> require(new PerCpuByteStack(64, 8).push(MemorySegment.ofArray(new byte[8])));
            case "ring" -> {
                PerCpuRing ring = new PerCpuRing(8);
                require(ring.push(7) && ring.drain(value -> { }) == 1);
            }
            case "byteRing" -> require(new PerCpuByteRing(64, 8).push(MemorySegment.ofArray(new byte[8])));
            case "lock" -> new PerCpuLock().run(index -> { });
            case "pool" -> {
                PerCpuPool<Object> pool = new PerCpuPool<>(Object::new);
                pool.acquire().close();
                pool.close();
            }
            case "currentCpu" -> require(Rseq.currentCpu() >= 0);
            case "fence" -> Rseq.fence();
            case "section" -> {
                SectionBuilder steps = new SectionBuilder("add_where", 2);
                steps.commitAdd(Place.cell(steps.argument(0)), steps.argument(1), Order.RELAXED);
                try (PerCpuItems items = new PerCpuItems(64)) {
                    long item = items.allocate();
                    require(steps.build().call(item, 3).isCommitted());
                    items.free(item);
                }
            }
            default -> throw new IllegalArgumentException(use);
        }
    }

    private static void require(boolean fact) {
        if (!fact) {
            throw new IllegalStateException("not as it must be");
        }
    }

    /** Tries in the deepest frame, and then in each of its callers, until one try succeeds. */
    private static String onDeepStack(String use) {
        String[] last = {"not tried"};
        dive(use, last);
        return last[0];
    }

    @SuppressWarnings("InfiniteRecursion") // The recursion fills the stack.
    private static boolean dive(String use, String[] last) {
        boolean isDone = false;
        try {
            isDone = dive(use, last);
        } catch (StackOverflowError e) {
            last[0] = "overflow";
        }
        if (!isDone) {
            try {
                use(use);
                isDone = true;
                last[0] = "fine";
            } catch (Throwable t) {
                // The JDK reports some overflows as internal errors.
                boolean isOverflow = String.valueOf(t).contains("StackOverflowError");
                // Any other failure is a defect.
                isDone = !isOverflow;
                last[0] = isOverflow ? "overflow" : String.valueOf(t);
            }
        }
        return isDone;
    }

    @SuppressWarnings("UnusedVariable") // Held, not read.
    private static String onFullHeap(String use) {
        // Even a text allocates when it is first read.
        String fine = "fine";
        String none = "no memory";
        Object[] held = null;
        // From no free memory to some megabytes: for each use the memory ends at another step.
        byte[] rest = new byte[USES.indexOf(use) * REST_BYTES];
        int bytes = 1 << 20;
        while (bytes >= 64) {
            try {
                held = new Object[] {held, new byte[bytes]};
            } catch (OutOfMemoryError e) {
                bytes /= 2;
            }
        }
        rest = null;
        try {
            use(use);
            return fine;
        } catch (OutOfMemoryError e) {
            return none;
        } finally {
            held = null;
        }
    }

    @SuppressWarnings("ModifiedButNotUsed") // Held, not read.
    private static String onFullMetaspace(String use) {
        List<Class<?>> held = new ArrayList<>();
        try (InputStream in = FirstUseChild.class.getResourceAsStream("FirstUseChild$Filler.class")) {
            byte[] filler = in == null ? new byte[0] : in.readAllBytes();
            while (true) {
                held.add(MethodHandles.lookup().defineHiddenClass(filler, false).lookupClass());
            }
        } catch (OutOfMemoryError e) {
            String first = outcome(use);
            held.clear();
            return first;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A class that is loaded many times. */
    static final class Filler {
        private Filler() {}
    }

    private static String withoutThreads(String use) throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        String limit = "no limit of threads";
        try {
            while (threads.size() < MAX_THREADS) {
                Thread thread = new Thread(() -> {
                    try {
                        release.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
                thread.start();
                threads.add(thread);
            }
        } catch (OutOfMemoryError e) {
            limit = "";
        }
        String first = limit + outcome(use);
        release.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        return first;
    }

    /**
     * The engine is chosen first. Then the kernel refuses to map code for the thread and the threads that it starts.
     */
    private static String withoutLaterCode(String use) throws InterruptedException {
        boolean _ = Rseq.availability().available();
        String[] first = new String[2];
        Thread thread = new Thread(() -> {
            Seccomp.refuse(SystemCall.MPROTECT.number(), 2,
                    Linux.PROT_READ | Linux.PROT_EXEC, Errno.EACCES);
            first[0] = outcome(use);
            first[1] = outcome(use);
        });
        thread.start();
        thread.join();
        // A second use is refused, too: the first one left nothing incomplete.
        return first[0].equals(first[1]) ? first[0] : first[0] + " and " + first[1];
    }

    /**
     * Half of a CPU for the thread, by SCHED_DEADLINE. Such a thread may start threads only if a fork resets its
     * policy.
     */
    static List<String> deadline(String... options) {
        List<String> command = new ArrayList<>(List.of("chrt", "--deadline", "--sched-runtime", "20000000",
                "--sched-deadline", "40000000", "--sched-period", "40000000"));
        command.addAll(List.of(options));
        return command;
    }

    private static String atDeadline(String use, String... options) throws Exception {
        String[] first = {""};
        CompletableFuture<String> tid = new CompletableFuture<>();
        CountDownLatch isSet = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            try {
                tid.complete(Path.of("/proc/thread-self").toRealPath().getFileName().toString());
                isSet.await();
                first[0] += outcome(use);
            } catch (IOException | InterruptedException e) {
                tid.completeExceptionally(e);
            }
        });
        thread.start();
        List<String> command = deadline(options);
        command.addAll(List.of("--pid", "0", tid.get()));
        // This thread calls the kernel itself: the start of a process would start a thread that waits for it.
        int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
        first[0] = exit == 0 ? "" : "chrt=" + exit + " ";
        isSet.countDown();
        thread.join();
        return first[0];
    }

    private static String onInterruptedThread(String use) {
        Thread.currentThread().interrupt();
        String first = outcome(use);
        return Thread.interrupted() ? first : first + " and no longer interrupted";
    }

    private static String onManyThreads(String use) throws InterruptedException {
        String[] outcomes = new String[MANY];
        List<Thread> threads = new ArrayList<>();
        CountDownLatch start = new CountDownLatch(1);
        for (int i = 0; i < MANY; i++) {
            int which = i;
            Thread.Builder builder = i % 4 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
            threads.add(builder.start(() -> {
                try {
                    start.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                outcomes[which] = outcome(use);
            }));
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        for (String outcome : outcomes) {
            if (!outcome.equals("fine")) {
                return outcome;
            }
        }
        return "fine";
    }
}
