package org.example.calls;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A program that computes the same on several threads until it reads a line, and counts wrong results. */
public final class Steady {
    private static final AtomicLong WRONG = new AtomicLong();
    private static final int THREADS = 4;
    private static volatile boolean isEnding;

    private Steady() {}

    /** The JVM does not keep it. */
    @Retention(RetentionPolicy.CLASS)
    @interface Marked {}

    /** Runs until it reads a line. */
    public static void main(String[] arguments) throws Exception {
        String methods = Arrays.toString(Steady.class.getDeclaredMethods());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(i % 2 == 0 ? Thread.ofPlatform().start(Steady::work) : Thread.ofVirtual().start(Steady::work));
        }
        System.out.println("running");
        int _ = System.in.read();
        isEnding = true;
        for (Thread thread : threads) {
            thread.join();
        }
        if (!methods.equals(Arrays.toString(Steady.class.getDeclaredMethods()))) {
            WRONG.incrementAndGet();
        }
        System.out.println("ended, " + WRONG + " wrong");
    }

    private static void work() {
        for (long i = 0; !isEnding; i++) {
            if (step(i) != 3 * i + 1 || i % 1000 == 0 && slow(2) != 4) {
                WRONG.incrementAndGet();
            }
            try {
                fail(i);
                WRONG.incrementAndGet();
            } catch (IllegalStateException e) {
                if (!("" + i).equals(e.getMessage()) || !e.getStackTrace()[0].getMethodName().equals("fail")
                        || e.getStackTrace()[0].getLineNumber() <= 0) {
                    WRONG.incrementAndGet();
                }
            }
        }
    }

    static long step(long i) {
        return i + 2 * i + 1;
    }

    static void fail(long i) {
        throw new IllegalStateException("" + i);
    }

    @Marked
    static long slow(long i) {
        try {
            Thread.sleep(3);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return i * i;
    }
}
