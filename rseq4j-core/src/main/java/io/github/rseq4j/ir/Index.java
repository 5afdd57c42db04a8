package io.github.rseq4j.ir;

import io.github.rseq4j.kernel.RseqArea;

/** The field of the thread's rseq area that selects the copy of the memory that a section works on. */
public enum Index {
    /** The dense concurrency id: memory follows the threads that run, not the machine (Linux 6.3). */
    MM_CID(RseqArea.MM_CID),
    /** The CPU number. */
    CPU_ID(RseqArea.CPU_ID);

    private final int offsetBytes;

    Index(int offsetBytes) {
        this.offsetBytes = offsetBytes;
    }

    /** Returns the field's offset in struct rseq. */
    public int offsetBytes() {
        return offsetBytes;
    }

    /** Returns the field's name, as the kernel spells it. */
    public String spelling() {
        return this == MM_CID ? "mm_cid" : "cpu_id";
    }
}
