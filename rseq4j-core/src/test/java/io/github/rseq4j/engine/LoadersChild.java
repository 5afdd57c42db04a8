package io.github.rseq4j.engine;

import io.github.rseq4j.kernel.DynamicLinker;
import io.github.rseq4j.kernel.RawMemory;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A child JVM in which two copies of the library, under two class loaders, count on the same threads. */
public final class LoadersChild {
    private static final int THREADS = 4;
    private static final int ROUNDS = 10_000;

    private LoadersChild() {}

    /**
     * Runs the child.
     *
     * @param arguments the folder of the library's classes
     * @throws ReflectiveOperationException when a copy is faulty
     * @throws InterruptedException when it is interrupted
     * @throws IOException when a file cannot be read
     */
    public static void main(String[] arguments)
            throws ReflectiveOperationException, InterruptedException, IOException {
        Number first = counter(arguments[0]);
        Number second = counter(arguments[0]);
        if (first.getClass() == second.getClass()) {
            throw new IllegalStateException("one class loader: " + first.getClass().getClassLoader());
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(Thread.ofPlatform().start(() -> count(first, second)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        count(first, second);
        System.out.println("available=" + availability(first, "available"));
        System.out.println("owner=" + availability(first, "owner"));
        System.out.println("owner2=" + availability(second, "owner"));
        System.out.println("expected=" + (THREADS + 1) * ROUNDS + " and " + (THREADS + 1) * ROUNDS);
        System.out.println("counted=" + first.longValue() + " and " + second.longValue());
        // Only the library has registered this thread, once.
        System.out.println("counts=" + count("__rseq_refcount") + "+" + count("rseq4j_libc_refcount"));
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            List<String> images = lines.filter(line -> line.matches(".*librseq4j(-memory)?\\.so.*"))
                    .toList();
            System.out.println("images=" + images.stream().map(line -> line.split(" +", 6)[4]).distinct().count());
            System.out.println("fromMemory=" + images.stream().anyMatch(line -> line.contains("/memfd:")));
        }
    }

    private static String count(String symbol) {
        long variable = DynamicLinker.dlsym(symbol);
        return variable == 0 ? "none" : String.valueOf(RawMemory.getInt(variable));
    }

    private static Number counter(String classes) throws ReflectiveOperationException, MalformedURLException {
        URL[] path = {Path.of(classes).toUri().toURL()};
        @SuppressWarnings("resource")
        ClassLoader loader = new URLClassLoader(path, ClassLoader.getPlatformClassLoader());
        return (Number) loader.loadClass("io.github.rseq4j.percpu.PerCpuCounter").getConstructor().newInstance();
    }

    private static Object availability(Number counter, String what) throws ReflectiveOperationException {
        Object availability = counter.getClass().getClassLoader().loadClass("io.github.rseq4j.Rseq")
                .getMethod("availability").invoke(null);
        return availability.getClass().getMethod(what).invoke(availability);
    }

    private static void count(Number... counters) {
        try {
            for (int round = 0; round < ROUNDS; round++) {
                for (Number counter : counters) {
                    counter.getClass().getMethod("increment").invoke(counter);
                }
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
