package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.Closeable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Collection;
import java.util.function.Consumer;

/**
 * Calls that are prepared now and made later, also after the class loader of this library is gone: they consist of
 * objects of JDK classes only.
 */
final class LastCalls {
    private static final MethodType NOTHING = MethodType.methodType(void.class);

    private LastCalls() {}

    /** Returns a Closeable that calls a handle each time that it is closed. */
    static Closeable closeable(MethodHandle handle) {
        return MethodHandleProxies.asInterfaceInstance(Closeable.class, handle);
    }

    /**
     * Returns a handle of type ()long that calls a function of libc.
     *
     * @param arena keeps the memory that the call needs, and the memory that the arguments point to
     * @param function its name
     * @param arguments its arguments, fewer than seven
     */
    static MethodHandle call(Arena arena, String function, long... arguments) {
        return MethodHandles.insertArguments(Native.prepared(arena, Native.find(function), arguments), 0, 0L);
    }

    /** Returns a handle of type ()boolean that tells whether the first word of a segment has a value. */
    static MethodHandle isFirst(MemorySegment segment, long value) {
        try {
            MethodHandles.Lookup jdk = MethodHandles.publicLookup();
            MethodHandle get = MethodHandles.insertArguments(jdk.findVirtual(MemorySegment.class, "get",
                    MethodType.methodType(long.class, ValueLayout.OfLong.class, long.class)), 0, segment, JAVA_LONG,
                    0L);
            MethodHandle equals = jdk.findVirtual(Long.class, "equals",
                    MethodType.methodType(boolean.class, Object.class)).bindTo(value);
            return MethodHandles.filterReturnValue(get.asType(MethodType.methodType(Object.class)), equals);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns a handle of type ()void that deletes the timers that a collection holds at the time of the call. */
    @SuppressWarnings("MustBeClosedChecker") // The collector ends the arena, after the handle.
    static MethodHandle deletion(Collection<Integer> timers) {
        try {
            MethodHandles.Lookup jdk = MethodHandles.publicLookup();
            MethodHandle number = jdk.findVirtual(Integer.class, "longValue", MethodType.methodType(long.class));
            // A negative number stands for no timer, and the kernel refuses it.
            MethodHandle one = MethodHandles.filterArguments(Native.prepared(Arena.ofAuto(), Native.find("syscall"),
                    SystemCall.TIMER_DELETE.number()), 0, number);
            Consumer<?> delete = MethodHandleProxies.asInterfaceInstance(Consumer.class,
                    one.asType(MethodType.methodType(void.class, Object.class)));
            return MethodHandles.insertArguments(jdk.findVirtual(Iterable.class, "forEach",
                    MethodType.methodType(void.class, Consumer.class)), 0, timers, delete);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns a handle of type ()void that makes the calls in order. */
    static MethodHandle inOrder(MethodHandle... calls) {
        MethodHandle all = MethodHandles.zero(void.class);
        for (int i = calls.length - 1; i >= 0; i--) {
            all = MethodHandles.foldArguments(all, calls[i].asType(NOTHING));
        }
        return all;
    }
}
