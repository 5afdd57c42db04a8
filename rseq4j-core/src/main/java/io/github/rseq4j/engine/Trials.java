package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.sections.DelayLoadAddStore;
import java.lang.invoke.MethodHandle;

/** Runs the self-test's section on one thread. A run adds 1 to a word if it commits, and nothing if it is aborted. */
final class Trials {
    /** The end of a run, and whether the thread was switched out during the run or just before or after it. */
    enum End { COMMITTED, COMMITTED_WHEN_SWITCHED, ABORTED, ABORTED_WHEN_SWITCHED }

    private final FirstCode code;
    private final MethodHandle section;
    private final long before;
    private long committed;

    /**
     * Prepares the runs, and reads the words.
     *
     * @param code the code with the section and its words
     */
    Trials(FirstCode code) {
        this.code = code;
        this.section = code.selfTestSection();
        this.before = sum();
    }

    /**
     * Runs the section once.
     *
     * @param iterations the length of its wait before the commit, in iterations
     */
    End once(long iterations) {
        long switches = Linux.involuntarySwitches();
        long status = invoke(iterations);
        boolean isSwitched = Linux.involuntarySwitches() != switches;
        if (status == 0) {
            committed++;
            return isSwitched ? End.COMMITTED_WHEN_SWITCHED : End.COMMITTED;
        }
        if (Status.code(status) != Status.ABORTED) {
            throw new IllegalStateException("section=" + DelayLoadAddStore.CHAIN.name() + " returned "
                    + Status.describe(status));
        }
        return isSwitched ? End.ABORTED_WHEN_SWITCHED : End.ABORTED;
    }

    private long invoke(long iterations) {
        try {
            return (long) section.invokeExact(code.selfTestWords(), iterations);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    private long sum() {
        long sum = 0;
        for (int i = 0; i <= code.target().limit(); i++) {
            sum += RawMemory.readLong(code.selfTestWords() + ((long) i << FirstCode.SELF_TEST_STRIDE_SHIFT));
        }
        return sum;
    }

    /** Checks after all runs that the cell counted each commit and no abort. Returns the fault, or empty. */
    String miscount() {
        long counted = sum() - before;
        return counted == committed ? ""
                : "a section that was aborted took effect: " + committed + " commits, " + counted + " counted";
    }
}
