package io.github.rseq4j.trace;

/** What a {@link CpuSampler} records. */
@Provider("cpu")
interface CpuEvents {
    /**
     * A thread used CPU time. Recorded by a signal's handler alone.
     *
     * @param ip the instruction that comes next
     */
    void sample(@Field("ip") long ip);

    /**
     * Memory holds code.
     *
     * @param start its address
     * @param end the address behind it
     * @param offset where it begins in its file
     * @param path the file, or empty for code that was made at run time: Java's
     */
    void mapping(@Field("start") long start, @Field("end") long end, @Field("offset") long offset,
            @Field("path") String path);
}
