package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The only class that calls restricted methods of the Foreign Function and Memory API.
 */
@SuppressWarnings("restricted")
public final class Native {
    /* How it works
     *
     * Linking a downcall of a new shape costs 7 to 10 ms in a fresh JVM (DESIGN.md), so all calls that are not hot use
     * one shape: seven longs in, one long out, errno captured. A C function that takes fewer or narrower integer
     * arguments ignores the rest, in the calling conventions of both architectures. Each hot call is linked separately,
     * with its address as a constant: a call through a handle that is not constant costs twice as much.
     *
     * Refused: a handle for each libc function; each would have its own shape, which costs 60 ms at start-up. Refused:
     * the variadic convention for syscall(2); for integers it equals the ordinary convention on Linux.
     */
    private static final FunctionDescriptor SEVEN = FunctionDescriptor.of(JAVA_LONG,
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private static final @Nullable Throwable REFUSAL;
    private static final @Nullable MethodHandle INVOKE;
    private static final MemorySegment EVERYTHING;

    static {
        Throwable refusal = null;
        MethodHandle invoke = null;
        MemorySegment everything = MemorySegment.NULL;
        try {
            everything = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
            invoke = Linker.nativeLinker().downcallHandle(SEVEN, Linker.Option.captureCallState("errno"));
        } catch (Throwable t) {
            // If this initialiser threw, the fallback could not be used either.
            refusal = t;
        }
        REFUSAL = refusal;
        INVOKE = invoke;
        EVERYTHING = everything;
        // The first call makes the JVM generate classes. Of several threads that make their first call at the same
        // time, each would generate its own.
        long first = invoke == null ? 0 : find("getpid");
        if (first != 0) {
            call(first);
        }
    }

    private Native() {}

    /**
     * Calls a restricted method in the name of the class of a lookup. The JVM then checks native access for the module
     * of that class, as {@code --enable-native-access} and {@code --illegal-native-access} say: it permits the call,
     * warns once, or refuses.
     *
     * @param lookup the lookup, with full privilege access
     * @throws IllegalCallerException when the JVM refuses
     */
    public static void requireNativeAccess(MethodHandles.Lookup lookup) {
        try {
            MethodHandle restricted = lookup.findVirtual(MemorySegment.class, "reinterpret",
                    MethodType.methodType(MemorySegment.class, long.class));
            MemorySegment _ = (MemorySegment) restricted.invokeExact(MemorySegment.NULL, 0L);
        } catch (Throwable t) {
            throw rethrown(t);
        }
    }

    /** Returns the reason why native calls cannot be made in this JVM, or null if they can. */
    public static @Nullable Throwable refusal() {
        return REFUSAL;
    }

    /** Returns the whole address space as one segment, for {@link RawMemory}. */
    static MemorySegment everything() {
        return EVERYTHING;
    }

    /**
     * Returns memory as a segment that ends with an arena.
     *
     * @param address its address
     * @param bytes its length in bytes
     * @param arena closing it ends the segment
     * @param end runs when the arena is closed; no access follows
     */
    static MemorySegment memory(long address, long bytes, Arena arena, Runnable end) {
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena, _ -> end.run());
    }

    /**
     * Finds a symbol of libc.
     *
     * @param symbol its name
     * @return its address, or 0 if libc has no such symbol
     */
    public static long find(String symbol) {
        return Linker.nativeLinker().defaultLookup().find(symbol).orElse(MemorySegment.NULL).address();
    }

    /**
     * Calls a C function that takes at most seven integers or pointers and returns one.
     *
     * @param function its address
     * @param arguments up to seven arguments
     * @return the returned value, and the value of errno after the call
     */
    public static Answer call(long function, long... arguments) {
        MethodHandle invoke = INVOKE;
        if (invoke == null) {
            throw new IllegalStateException("native calls are refused in this JVM", REFUSAL);
        }
        if (arguments.length > 7) {
            throw new IllegalArgumentException("arguments=" + arguments.length + ", at most 7");
        }
        long[] a = Arrays.copyOf(arguments, 7);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            long value = (long) invoke.invokeExact(MemorySegment.ofAddress(function), state,
                    a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
            // Only errno is captured. It is read through a buffer: the first read through a layout costs a fresh JVM
            // milliseconds, and so does the first copy to an array.
            return new Answer(value, state.asByteBuffer().order(ByteOrder.nativeOrder()).getInt());
        } catch (Throwable t) {
            throw rethrown(t);
        }
    }

    /**
     * Prepares a call of a function, in the shape of {@link #call}.
     *
     * @param arena the arena of the memory that the call needs
     * @param function the function's address
     * @param arguments the first arguments; the handle's parameter is the next one, and all others are 0
     * @return a handle of type (long)long, which refers only to classes of the JDK
     */
    static MethodHandle prepared(Arena arena, long function, long... arguments) {
        MethodHandle invoke = INVOKE;
        if (invoke == null) {
            throw new IllegalStateException("native calls are refused in this JVM", REFUSAL);
        }
        MethodHandle bound = MethodHandles.insertArguments(invoke, 0, MemorySegment.ofAddress(function),
                arena.allocate(Linker.Option.captureStateLayout()));
        for (long argument : arguments) {
            bound = MethodHandles.insertArguments(bound, 0, argument);
        }
        while (bound.type().parameterCount() > 1) {
            bound = MethodHandles.insertArguments(bound, 1, 0L);
        }
        return bound;
    }

    /**
     * The answer of a C function.
     *
     * @param value the returned value
     * @param errno the thread's errno after the call; it is valid only if the value says that the call failed
     */
    public record Answer(long value, int errno) {
        /** Returns the value, or -errno if the value is -1, as the kernel does. */
        public long orNegativeErrno() {
            return value == -1 ? -(long) errno : value;
        }

        /** Does the same for a C function that returns an int, which leaves the register's upper half undefined. */
        public int intOrNegativeErrno() {
            return (int) value == -1 ? -errno : (int) value;
        }
    }

    /**
     * Links a function for critical calls. The thread's state stays "in Java" during a call, so the function must be
     * short, and must neither block nor make a system call.
     *
     * @param address its address
     * @param arguments the number of its arguments, which are longs
     * @return a handle of type (long, ...)long; make it a constant
     */
    public static MethodHandle critical(long address, int arguments) {
        MemoryLayout[] longs = new MemoryLayout[arguments];
        Arrays.fill(longs, JAVA_LONG);
        return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(address),
                FunctionDescriptor.of(JAVA_LONG, longs), Linker.Option.critical(false));
    }

    /**
     * Links a function for critical calls, some of whose arguments are the addresses of segments. A segment may be one
     * of a heap array: the collector does not move the array during the call.
     *
     * @param address its address
     * @param arguments the number of its arguments
     * @param segments the numbers of the arguments that are segments; the others are longs
     * @return a handle of type (long, ..., MemorySegment, long, ...)long; make it a constant
     */
    public static MethodHandle critical(long address, int arguments, int... segments) {
        MemoryLayout[] layouts = new MemoryLayout[arguments];
        Arrays.fill(layouts, JAVA_LONG);
        for (int each : segments) {
            layouts[each] = ADDRESS;
        }
        return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(address),
                FunctionDescriptor.of(JAVA_LONG, layouts), Linker.Option.critical(true));
    }

    /**
     * Turns a Throwable of a method handle into an exception that needs no throws clause.
     *
     * @param thrown the Throwable
     * @return an exception to throw; an Error is thrown by this method
     */
    public static RuntimeException rethrown(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return thrown instanceof RuntimeException e ? e : new IllegalStateException(thrown);
    }
}
