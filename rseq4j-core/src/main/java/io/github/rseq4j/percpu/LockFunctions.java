package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.sections.LoadCbneAddressStore;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The function of the locks as a constant, linked when the first lock is used. */
final class LockFunctions {
    private static final @Nullable MethodHandle TAKE = Engine.link(LoadCbneAddressStore.CHAIN);
    private static final int NOT_ZERO = Status.EXIT + LoadCbneAddressStore.EXIT_NOT_ZERO;

    private LockFunctions() {}

    /**
     * Takes a cell's copy at the calling thread's index, when it is 0.
     *
     * @param cell the cell
     * @return the address of the copy, or a negative number when it was not 0
     */
    static long take(long cell) {
        MethodHandle take = TAKE;
        long status;
        try {
            status = take == null ? Engine.UNLINKED : (long) take.invokeExact(cell);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
        return status < 0 && Status.code(status) != NOT_ZERO ? complete(status, cell) : status;
    }

    private static long complete(long status, long cell) {
        return Engine.get().complete(LoadCbneAddressStore.CHAIN, status, cell);
    }
}
