package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.registration.Registration;
import java.lang.invoke.MethodHandle;

/** Reads the calling carrier thread's area through emitted functions. */
final class ThreadArea implements Registration.ThreadPointer {
    /** The number of arguments of all functions that a first update calls. */
    static final int ARGUMENTS = 2;

    private final Target target;
    private final MethodHandle threadPointer;
    private final MethodHandle field;

    /**
     * Links the functions. Both are linked with two arguments, so that only one shape is linked; they use at most the
     * first one.
     *
     * @param target says which index sections use
     * @param threadPointerEntry the address of the function that returns the thread pointer
     * @param fieldEntry the address of the function that returns a field of the area
     */
    ThreadArea(Target target, long threadPointerEntry, long fieldEntry) {
        this.target = target;
        this.threadPointer = Native.critical(threadPointerEntry, ARGUMENTS);
        this.field = Native.critical(fieldEntry, ARGUMENTS);
    }

    @Override
    public long threadPointer() {
        return call(threadPointer, 0);
    }

    /**
     * Returns the handle that reads an int of the area and sign-extends it. Its type is (long, long)long: it takes the
     * field's offset in bytes, and an argument that is ignored.
     */
    MethodHandle fieldHandle() {
        return field;
    }

    /** Returns the CPU, or a negative number where the thread is not registered. */
    int cpuId() {
        return (int) call(field, RseqArea.CPU_ID);
    }

    /** Returns the number of the copy on which a section that uses {@code cpu_id} would have worked a moment ago. */
    int cpuIndex() {
        return copy(cpuId());
    }

    /** Returns the number of the copy on which a section would have worked a moment ago. */
    int index() {
        int offset = target.index() == Index.MM_CID ? RseqArea.MM_CID : RseqArea.CPU_ID;
        return copy(cpuId() < 0 ? -1 : (int) call(field, offset));
    }

    /** Threads without an index, or with one beyond the limit, work on an additional copy. */
    private int copy(int index) {
        return index >= 0 && index < target.limit() ? index : target.limit();
    }

    private static long call(MethodHandle handle, long argument) {
        try {
            return (long) handle.invokeExact(argument, 0L);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }
}
