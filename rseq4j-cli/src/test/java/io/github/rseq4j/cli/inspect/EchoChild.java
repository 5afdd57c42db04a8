package io.github.rseq4j.cli.inspect;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** A JVM to inspect: it has thirty busy threads, and returns each line that is written to it. */
public final class EchoChild {
    /** The number of threads that it starts. */
    static final int THREADS = 30;

    private EchoChild() {}

    /**
     * Runs until its input ends.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) throws IOException {
        AtomicLong done = new AtomicLong();
        for (int i = 0; i < THREADS; i++) {
            long nanos = 100_000L * (i + 1);
            Thread.ofPlatform().daemon().name("worker-" + i).start(() -> {
                while (true) {
                    done.incrementAndGet();
                    LockSupport.parkNanos(nanos);
                }
            });
        }
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            long before = done.get();
            while (done.get() < before + THREADS) {
                Thread.onSpinWait();
            }
            System.out.println(line);
        }
    }
}
