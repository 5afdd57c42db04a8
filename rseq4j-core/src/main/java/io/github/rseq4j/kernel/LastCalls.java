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

/** Calls that are prepared now and made when the class loader of this library is gone: objects of the JDK alone. */
public final class LastCalls {
    private static final long SIG_IGN = 1;
    private static final MethodType NOTHING = MethodType.methodType(void.class);

    private LastCalls() {}

    /**
     * Returns the end of signals that timers send: it deletes the timers; then, where the signal has a certain handler
     * yet, it ignores the signal, by which the kernel forgets what is pending, and gives it its former action.
     *
     * @param timers what {@link Linux#cpuTimer} returned, as of the time that this is closed; a collection of the JDK's
     * @param signal the signal
     * @param handler its handler
     * @param former the bytes of its former action, that {@link Linux#sigaction(int, byte[])} returned
     * @return what makes the calls each time that it is closed; it refers to no class of this library
     */
    @SuppressWarnings("MustBeClosedChecker") // The collector ends the arena, behind the handles.
    public static Closeable endOfTimers(Collection<Integer> timers, int signal, long handler, byte[] former) {
        try {
            Arena arena = Arena.ofAuto();
            MemorySegment was = arena.allocate(former.length, Long.BYTES).copyFrom(MemorySegment.ofArray(former));
            MemorySegment now = arena.allocate(former.length, Long.BYTES);
            MemorySegment ignored = arena.allocate(former.length, Long.BYTES);
            ignored.set(JAVA_LONG, 0, SIG_IGN);
            MethodHandle look = sigaction(arena, signal, 0, now.address());
            MethodHandle restore = inOrder(sigaction(arena, signal, ignored.address(), 0),
                    sigaction(arena, signal, was.address(), 0));
            return MethodHandleProxies.asInterfaceInstance(Closeable.class, inOrder(deletion(arena, timers), look,
                    MethodHandles.guardWithTest(isFirst(now, handler), restore, MethodHandles.zero(void.class))));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle sigaction(Arena arena, int signal, long action, long former) {
        MethodHandle call = Native.prepared(arena, Native.find("sigaction"), signal, action, former);
        return MethodHandles.insertArguments(call, 0, 0L);
    }

    /** Returns a handle that tells whether the first word of a segment has a value. */
    private static MethodHandle isFirst(MemorySegment segment, long value) throws ReflectiveOperationException {
        MethodHandles.Lookup jdk = MethodHandles.publicLookup();
        MethodHandle get = MethodHandles.insertArguments(jdk.findVirtual(MemorySegment.class, "get",
                MethodType.methodType(long.class, ValueLayout.OfLong.class, long.class)), 0, segment, JAVA_LONG, 0L);
        MethodHandle equals = jdk.findVirtual(Long.class, "equals", MethodType.methodType(boolean.class, Object.class))
                .bindTo(value);
        return MethodHandles.filterReturnValue(get.asType(MethodType.methodType(Object.class)), equals);
    }

    private static MethodHandle deletion(Arena arena, Collection<Integer> timers) throws ReflectiveOperationException {
        MethodHandles.Lookup jdk = MethodHandles.publicLookup();
        MethodHandle number = jdk.findVirtual(Integer.class, "longValue", MethodType.methodType(long.class));
        // A negative number stands for no timer, and the kernel refuses it.
        MethodHandle one = MethodHandles.filterArguments(Native.prepared(arena, Native.find("syscall"),
                SystemCall.TIMER_DELETE.number()), 0, number);
        Consumer<?> delete = MethodHandleProxies.asInterfaceInstance(Consumer.class,
                one.asType(MethodType.methodType(void.class, Object.class)));
        return MethodHandles.insertArguments(jdk.findVirtual(Iterable.class, "forEach",
                MethodType.methodType(void.class, Consumer.class)), 0, timers, delete);
    }

    /** Returns a handle that calls each, the first one first. */
    private static MethodHandle inOrder(MethodHandle... calls) {
        MethodHandle all = MethodHandles.zero(void.class);
        for (int i = calls.length - 1; i >= 0; i--) {
            all = MethodHandles.foldArguments(all, calls[i].asType(NOTHING));
        }
        return all;
    }
}
