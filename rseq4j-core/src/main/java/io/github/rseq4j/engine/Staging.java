package io.github.rseq4j.engine;

import io.github.rseq4j.code.AddressSpace;
import io.github.rseq4j.code.Chain;
import io.github.rseq4j.code.Section;
import io.github.rseq4j.kernel.Native;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

/** Runs chains that copy from or to an array of the heap where the array has no address: on a copy of it. */
final class Staging {
    /* How it works
     *
     * The segment's bytes are copied to an area of the engine's memory, the chain runs on that, and they are copied
     * back. Areas are as large as the longest copy of a section, are cut from a range, and are used again. All of that
     * is slow, and is done on the fallback, and for threads without an index.
     */
    private static final int AREA_BYTES = Section.MAX_COPY_BYTES;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private final Engine engine;
    private final Queue<Long> free = new ArrayDeque<>();

    Staging(Engine engine) {
        this.engine = engine;
    }

    /** What is done with the area. */
    @FunctionalInterface
    private interface Work {
        long on(long area) throws Throwable;
    }

    /**
     * Returns a handle of the function's type, with a segment, that runs a chain on a copy of the segment.
     *
     * @param chain the chain
     * @param segment the number of the argument that is a segment
     */
    MethodHandle handle(Chain chain, int segment) {
        Class<?>[] parameters = new Class<?>[chain.arguments()];
        Arrays.fill(parameters, long.class);
        parameters[segment] = MemorySegment.class;
        try {
            MethodHandle run = MethodHandles.lookup().findVirtual(Staging.class, "run",
                    MethodType.methodType(long.class, Chain.class, int.class, Object[].class));
            return MethodHandles.insertArguments(run, 0, this, chain, segment)
                    .asCollector(Object[].class, chain.arguments())
                    .asType(MethodType.methodType(long.class, parameters));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    // Called through its handle alone.
    @SuppressWarnings("UnusedMethod")
    private long run(Chain chain, int segment, Object[] arguments) {
        return with((MemorySegment) arguments[segment], area -> {
            Object[] staged = arguments.clone();
            staged[segment] = area;
            return (long) engine.handle(chain).invokeWithArguments(staged);
        });
    }

    /**
     * Finishes a call, see {@link Engine#complete(Chain, long, int, MemorySegment, long...)}.
     *
     * @param chain the chain
     * @param status what it returned
     * @param segment the number of the argument that is a segment
     * @param data the segment
     * @param arguments all arguments
     */
    long complete(Chain chain, long status, int segment, MemorySegment data, long... arguments) {
        return with(data, area -> {
            long[] staged = arguments.clone();
            staged[segment] = area;
            return engine.complete(chain, status, staged);
        });
    }

    private long with(MemorySegment data, Work work) {
        if (data.byteSize() > AREA_BYTES) {
            throw new IllegalArgumentException("segment.byteSize=" + data.byteSize() + ", at most " + AREA_BYTES);
        }
        long area = take();
        try {
            copyIn(data, area);
            long result = work.on(area);
            copyOut(area, data);
            return result;
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            give(area);
        }
    }

    private void copyIn(MemorySegment data, long area) {
        AddressSpace memory = engine.memory();
        long words = data.byteSize() & -Long.BYTES;
        for (long at = 0; at < words; at += Long.BYTES) {
            memory.putLong(area + at, data.get(LONG, at));
        }
        for (long at = words; at < data.byteSize(); at++) {
            memory.putByte(area + at, data.get(ValueLayout.JAVA_BYTE, at));
        }
    }

    /** What was not changed is not written: the array may be one that others read. */
    private void copyOut(long area, MemorySegment data) {
        AddressSpace memory = engine.memory();
        for (long at = 0; at < data.byteSize(); at++) {
            byte value = memory.getByte(area + at);
            if (data.get(ValueLayout.JAVA_BYTE, at) != value) {
                data.set(ValueLayout.JAVA_BYTE, at, value);
            }
        }
    }

    private synchronized long take() {
        if (free.isEmpty()) {
            long range = engine.reserve();
            // The range's first cell may be the self-test's, so its first area is left alone.
            for (long at = AREA_BYTES; at < 1L << Engine.STRIDE_SHIFT; at += AREA_BYTES) {
                free.add(range + at);
            }
        }
        return free.remove();
    }

    private synchronized void give(long area) {
        free.add(area);
    }
}
