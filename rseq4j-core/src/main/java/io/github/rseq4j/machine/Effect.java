package io.github.rseq4j.machine;

/** What an instruction does that the {@link Checker} must know. The encoder that makes the instruction says it. */
public enum Effect {
    /** Registers only. */
    COMPUTE,
    /** Reads memory. */
    READ,
    /** Stores the address of a descriptor to rseq_cs: the next instruction is the section's first. */
    ARM,
    /** The branch taken when the thread has no registration. */
    CHECK_REGISTERED,
    /** Reads the index. */
    READ_INDEX,
    /** The branch taken when the index is beyond its bound (I7). */
    CHECK_INDEX,
    /** Writes memory that nobody may look at before the commit. */
    STORE,
    /** The commit. */
    COMMIT,
    /** Counts a loop's counter up or down; a backward branch must follow one, at once. */
    COUNT,
    /** A branch. */
    BRANCH,
    /** An atomic update of memory. */
    ATOMIC,
    /** Writes the function's own stack. */
    STACK,
    /** Writes memory outside of every section, which the thread that runs has to itself. */
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
