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

/** Makes threads that keep neither what they run alive nor the class loader of its code. */
public final class LooseThread {
    /* How it works
     *
     * A thread that waits in code of this library keeps the library's class loader, and with it every class of a
     * program that was loaded by the same one, for as long as it waits. So these threads wait in the JDK's code alone:
     * what they run is put together of the JDK's method handles, and reaches the work through a weak reference.
     *
     *   for (long nanos = step(); nanos > 0; nanos = step()) { LockSupport.parkNanos(nanos); }
     *   step() { work = reference.get(); return work != null ? work.getAsLong() : 0; }
     *
     * The owner of the thread keeps the work reachable. When the owner's class loader is collected the thread closes
     * what it was given to close, objects of the JDK's, and ends.
     *
     * Refused: a Cleaner, and an executor's periodic task: each keeps its action.
     */
    private static final MethodType STEP = MethodType.methodType(long.class);

    private LooseThread() {}

    /**
     * Makes a thread that does something again and again, not started.
     *
     * @param name what it is called
     * @param step does it, and returns how many nanoseconds later it is done again, at the latest, or 0 for no more;
     *     the thread ends too when nobody else holds this object
     * @param left what is closed then; objects of the JDK's, which refer to nothing of this library
     */
    public static Thread repeating(String name, LongSupplier step, List<? extends Closeable> left) {
        try {
            MethodHandles.Lookup jdk = MethodHandles.publicLookup();
            MethodHandle once = call(step, jdk.findVirtual(LongSupplier.class, "getAsLong", STEP),
                    MethodHandles.foldArguments(MethodHandles.constant(long.class, 0L), closing(left)));
            MethodHandle park = jdk.findStatic(LockSupport.class, "parkNanos",
                    MethodType.methodType(void.class, long.class));
            // The sign of 0 is 0, of what is more 1, whose lowest bit is a boolean.
            MethodHandle goesOn = MethodHandles.explicitCastArguments(jdk.findStatic(Long.class, "signum",
                    MethodType.methodType(int.class, long.class)), MethodType.methodType(boolean.class, long.class));
            MethodHandle again = MethodHandles.foldArguments(MethodHandles.dropArguments(once, 0, long.class), park);
            return thread(name, MethodHandles.whileLoop(once, goesOn, again));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Makes a thread that does something once, not started.
     *
     * @param name what it is called
     * @param work does it; nothing is done when nobody else holds this object
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

    /** Returns a handle that closes each, whatever another one throws. */
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

    /** Returns a handle that calls a method of what is still there, and another one when it is not. */
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

    /** Waits, interrupted or not, for the end of a thread that is not the calling one. */
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

    /** Takes back what was to run when the JVM exits, unless it does. */
    public static void forgetAtExit(Thread hook) {
        try {
            if (Thread.currentThread() != hook) {
                Runtime.getRuntime().removeShutdownHook(hook);
            }
        } catch (IllegalStateException _) {
            // The JVM exits, and the hook finds nothing left to do.
        }
    }

    private static Thread thread(String name, MethodHandle work) {
        Runnable run = MethodHandleProxies.asInterfaceInstance(Runnable.class,
                work.asType(MethodType.methodType(void.class)));
        Thread thread = Thread.ofPlatform().daemon().name(name).inheritInheritableThreadLocals(false).unstarted(run);
        // Its creator's may be the class loader that is not to be kept.
        thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
        return thread;
    }
}
