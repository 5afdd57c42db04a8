package io.github.rseq4j.trace.thread;

import java.io.Closeable;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/** Makes threads that keep neither their work nor the class loader of its code reachable. */
public final class LooseThread {
    /* How it works
     *
     * A thread that waits in code of this library keeps the library's class loader reachable, and with it all classes
     * that this loader has loaded. So these threads wait only in the JDK's code. Their code is composed of the JDK's
     * method handles, and refers to the work by a weak reference:
     *
     *   for (long nanos = step(); nanos > 0; nanos = step()) { LockSupport.parkNanos(nanos); }
     *   step() { work = reference.get(); return work != null ? work.getAsLong() : 0; }
     *
     * The owner of the thread keeps the work reachable. When the work has been collected, the thread closes the objects
     * that it was given to close, and ends. These objects are of JDK classes.
     *
     * Refused: a Cleaner, and a periodic task of an executor: each keeps its action reachable.
     */
    private static final MethodType STEP = MethodType.methodType(long.class);

    private static final String PREFIX = "rseq4j-";

    private LooseThread() {}

    /** Tells whether a thread has a name as the threads of this library have. */
    public static boolean isOwn(Thread thread) {
        return thread.getName().startsWith(PREFIX);
    }

    /**
     * Makes a thread that repeats a step. The thread is not started.
     *
     * @param name the thread's name
     * @param step the step; it returns after how many nanoseconds, at the latest, it runs again, or 0 to end the
     *     thread. The thread also ends when nothing else refers to this object
     * @param left the objects that are closed in that case; they are of JDK classes and do not refer to this library
     */
    public static Thread repeating(String name, LongSupplier step, List<? extends Closeable> left) {
        try {
            MethodHandles.Lookup jdk = MethodHandles.publicLookup();
            MethodHandle once = call(step, jdk.findVirtual(LongSupplier.class, "getAsLong", STEP),
                    MethodHandles.foldArguments(MethodHandles.constant(long.class, 0L), closing(left)));
            MethodHandle park = jdk.findStatic(LockSupport.class, "parkNanos",
                    MethodType.methodType(void.class, long.class));
            // The loop goes on while the number is positive: its sign is 1 then, and 0 if it is 0. A cast to boolean
            // takes the lowest bit.
            MethodHandle goesOn = MethodHandles.explicitCastArguments(jdk.findStatic(Long.class, "signum",
                    MethodType.methodType(int.class, long.class)), MethodType.methodType(boolean.class, long.class));
            MethodHandle again = MethodHandles.foldArguments(MethodHandles.dropArguments(once, 0, long.class), park);
            return thread(name, MethodHandles.whileLoop(once, goesOn, again));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Makes a thread that runs its work once. The thread is not started.
     *
     * @param name the thread's name
     * @param work the work; it is skipped if nothing else refers to this object any more
     */
    public static Thread once(String name, Runnable work) {
        try {
            MethodHandle run = MethodHandles.publicLookup().findVirtual(Runnable.class, "run",
                    MethodType.methodType(void.class));
            return thread(name, call(work, run, MethodHandles.zero(void.class)));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns a handle that closes each object, also if the close of another one throws. */
    private static MethodHandle closing(List<? extends Closeable> left) throws ReflectiveOperationException {
        MethodType nothing = MethodType.methodType(void.class);
        MethodHandle close = MethodHandles.publicLookup().findVirtual(Closeable.class, "close", nothing);
        MethodHandle all = MethodHandles.zero(void.class);
        for (Closeable each : left) {
            MethodHandle one = MethodHandles.catchException(close.bindTo(each), Throwable.class,
                    MethodHandles.dropArguments(MethodHandles.zero(void.class), 0, Throwable.class));
            all = MethodHandles.foldArguments(all, one);
        }
        return all;
    }

    /** Returns a handle that calls a method of an object, or another handle if the object has been collected. */
    private static MethodHandle call(Object work, MethodHandle method, MethodHandle otherwise)
            throws ReflectiveOperationException {
        MethodHandles.Lookup jdk = MethodHandles.publicLookup();
        Class<?> result = method.type().returnType();
        MethodHandle isThere = jdk.findStatic(Objects.class, "nonNull",
                MethodType.methodType(boolean.class, Object.class));
        MethodHandle get = jdk.findVirtual(Reference.class, "get", MethodType.methodType(Object.class))
                .bindTo(new WeakReference<>(work));
        return MethodHandles.filterReturnValue(get, MethodHandles.guardWithTest(isThere,
                method.asType(MethodType.methodType(result, Object.class)),
                MethodHandles.dropArguments(otherwise, 0, Object.class)));
    }

    /**
     * Waits for the end of a thread. An interrupt does not end the wait. Returns at once if it is the calling thread.
     */
    public static void join(Thread thread) {
        boolean isInterrupted = false;
        while (thread.isAlive() && Thread.currentThread() != thread) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Removes a shutdown hook, unless the JVM is exiting. */
    public static void forgetAtExit(Thread hook) {
        try {
            if (Thread.currentThread() != hook) {
                Runtime.getRuntime().removeShutdownHook(hook);
            }
        } catch (IllegalStateException _) {
            // The JVM is exiting; the hook has nothing left to do.
        }
    }

    private static Thread thread(String name, MethodHandle work) {
        Runnable run = MethodHandleProxies.asInterfaceInstance(Runnable.class,
                work.asType(MethodType.methodType(void.class)));
        Thread thread = Thread.ofPlatform().daemon().name(name).inheritInheritableThreadLocals(false).unstarted(run);
        // The context class loader of the creating thread may be the one that must not be kept.
        thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
        return thread;
    }
}
