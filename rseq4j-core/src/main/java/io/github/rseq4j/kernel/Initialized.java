package io.github.rseq4j.kernel;

import java.lang.invoke.MethodHandles;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Initialises classes whose initialisation takes much stack, before the library needs them. */
public final class Initialized {
    /* How it works
     *
     * A class whose initialisation fails is lost for the life of the JVM, even if the cause is a StackOverflowError of
     * the thread that happens to use the class first. Linking a function takes a hundred frames. Therefore a thread
     * with a stack of its own initialises the class, and the caller waits. A stack overflow on the caller's thread then
     * loses no class. If no thread can be started, the caller initialises the class.
     */
    private static final Map<Class<?>, Boolean> DONE = new ConcurrentHashMap<>();

    private Initialized() {}

    /**
     * Initialises a class, unless that was done.
     *
     * @param lookup a lookup with access to the class
     * @param type the class
     */
    public static void require(MethodHandles.Lookup lookup, Class<?> type) {
        if (!DONE.containsKey(type)) {
            Initializer initializer = new Initializer(lookup, type);
            try {
                initializer.start();
            } catch (OutOfMemoryError e) {
                initializer.initialize();
            }
            initializer.await();
            DONE.put(type, true);
        }
    }

    /** The thread that initialises a class. */
    private static final class Initializer extends Thread {
        private final MethodHandles.Lookup lookup;
        private final Class<?> type;
        /** Read after the thread has ended. */
        private @Nullable Throwable thrown;

        Initializer(MethodHandles.Lookup lookup, Class<?> type) {
            super(null, null, "rseq4j-initializer", 0, false);
            this.lookup = lookup;
            this.type = type;
            setDaemon(true);
        }

        @Override
        public void run() {
            initialize();
        }

        void initialize() {
            try {
                lookup.ensureInitialized(type);
            } catch (Throwable t) {
                thrown = t;
            }
        }

        void await() {
            boolean interrupted = false;
            while (isAlive()) {
                try {
                    join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            Throwable found = thrown;
            if (found != null) {
                throw Native.rethrown(found);
            }
        }
    }
}
