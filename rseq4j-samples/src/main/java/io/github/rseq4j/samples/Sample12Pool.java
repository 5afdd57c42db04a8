package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.PerCpuPool;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Digests that are costly to make, shared by 10,000 virtual threads. The pool holds about as many as are used at the
 * same time; a ThreadLocal would hold one for each thread.
 *
 * <pre>
 * ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
 * made fewer than 200: true
 * </pre>
 */
final class Sample12Pool {
    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String hash(PerCpuPool<MessageDigest> digests, byte[] bytes) {
        try (PerCpuPool.Lease<MessageDigest> lease = digests.acquire()) {
            return HexFormat.of().formatHex(lease.value().digest(bytes));
        }
    }

    static void main() {
        AtomicInteger made = new AtomicInteger();
        try (PerCpuPool<MessageDigest> digests = new PerCpuPool<>(() -> {
            made.incrementAndGet();
            return digest();
        })) {
            byte[] message = {'a', 'b', 'c'};
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 10_000; i++) {
                    threads.execute(() -> hash(digests, message));
                }
            }
            System.out.println(hash(digests, message));
            System.out.println("made fewer than 200: " + (made.get() < 200));
        }
    }
}
