package io.github.rseq4j.machine;

/** The effect of an instruction, for the {@link Checker}. The encoder of the instruction declares it. */
public enum Effect {
    /** Changes only registers. */
    COMPUTE,
    /** Reads memory. */
    READ,
    /** Stores the address of a descriptor to rseq_cs. The next instruction is the first one of the section. */
    ARM,
    /** The branch for a thread without registration. */
    CHECK_REGISTERED,
    /** Reads the index. */
    READ_INDEX,
    /** The branch for an index that exceeds its bound (I7). */
    CHECK_INDEX,
    /** Writes memory that other threads must not read before the commit. */
    STORE,
    /** The commit. */
    COMMIT,
    /** Changes the counter of a loop. Each backward branch must directly follow such an instruction. */
    COUNT,
    /** A branch. */
    BRANCH,
    /** An atomic update of memory. */
    ATOMIC,
    /** Writes the function's own stack. */
    STACK,
    /** Writes memory that only the running thread uses, outside of every section. */
    WRITE,
    /** Calls a function. */
    CALL,
    /** A system call. */
    SYSTEM_CALL,
    /** Returns to the caller. */
    RETURN,
    /** Bytes that are never executed. */
    DATA
}
