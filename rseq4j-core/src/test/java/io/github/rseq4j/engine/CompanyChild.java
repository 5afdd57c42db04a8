package io.github.rseq4j.engine;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.DynamicLinker;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.registration.Registration;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A child JVM together with other libraries. It executes its arguments in their order: {@code load PATH}, {@code local
 * PATH} (without global visibility), {@code fill PATH} (with copies, until one is refused), {@code call FUNCTION},
 * {@code elsewhere FUNCTION} (on a separate thread), {@code count}, {@code used} (whether the calling thread is
 * registered).
 */
public final class CompanyChild {
    private static final int THREADS = 20;
    private static final int ROUNDS = 5_000;

    private CompanyChild() {}

    /**
     * Runs the child.
     *
     * @param arguments the words to execute
     * @throws InterruptedException when it is interrupted
     * @throws IOException when a library cannot be copied
     */
    @SuppressWarnings("restricted") // System.load
    public static void main(String[] arguments) throws InterruptedException, IOException {
        long expected = 0;
        PerCpuCounter counter = null;
        List<String> words = new ArrayList<>(Arrays.asList(arguments));
        while (!words.isEmpty()) {
            switch (words.removeFirst()) {
                case "load" -> {
                    String refusal = DynamicLinker.dlopen(words.removeFirst(),
                            DynamicLinker.RTLD_NOW | DynamicLinker.RTLD_GLOBAL);
                    if (!refusal.isEmpty()) {
                        throw new IllegalStateException(refusal);
                    }
                }
                case "local" -> System.load(words.removeFirst());
                case "fill" -> fill(Path.of(words.removeFirst()));
                case "call" -> call(words.removeFirst());
                case "elsewhere" -> {
                    String function = words.removeFirst();
                    Thread thread = Thread.ofPlatform().start(() -> call(function));
                    thread.join();
                }
                case "count" -> {
                    counter = counter == null ? new PerCpuCounter() : counter;
                    expected += count(counter);
                }
                default -> System.out.println("cpu=" + (Engine.get() instanceof NativeEngine engine
                        ? engine.cpuId() : -100));
            }
        }
        Rseq.Availability availability = Rseq.availability();
        System.out.println("available=" + availability.available());
        System.out.println("owner=" + availability.owner());
        System.out.println("registered=" + availability.registeredBytes());
        System.out.println("maintained=" + (Linux.isCallable() ? Registration.kernelFeatureBytes() : 0));
        System.out.println("proof=" + availability.proof());
        System.out.println("reason=" + availability.reason());
        System.out.println("remedy=" + availability.remedy());
        System.out.println("expected=" + expected);
        System.out.println("counted=" + (counter == null ? 0 : counter.sum()));
    }

    private static void call(String function) {
        long address = SymbolLookup.loaderLookup().find(function).orElse(MemorySegment.NULL).address();
        System.out.println(function + "="
                + (int) Native.call(address == 0 ? DynamicLinker.dlsym(function) : address).value());
    }

    /** Loads copies of a library until one is refused. */
    private static void fill(Path library) throws IOException {
        Path folder = Files.createTempDirectory("rseq4j-fill");
        String refusal = "";
        int copies = 0;
        while (refusal.isEmpty()) {
            Path copy = Files.copy(library, folder.resolve("copy" + copies++));
            refusal = DynamicLinker.dlopen(copy.toString(), DynamicLinker.RTLD_NOW);
            Files.delete(copy);
        }
        Files.delete(folder);
        System.out.println("copies=" + copies + ", then " + refusal);
    }

    private static long count(PerCpuCounter counter) throws InterruptedException {
        Runnable work = () -> {
            for (int round = 0; round < ROUNDS; round++) {
                counter.increment();
            }
        };
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add((i % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual()).start(work));
        }
        work.run();
        for (Thread thread : threads) {
            thread.join();
        }
        return (THREADS + 1L) * ROUNDS;
    }
}
