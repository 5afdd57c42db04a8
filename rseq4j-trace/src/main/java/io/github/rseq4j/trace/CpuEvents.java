package io.github.rseq4j.trace;

/** The events of a {@link CpuSampler}. */
@Provider("cpu")
interface CpuEvents {
    /**
     * A sample of a thread. Only the signal handler records it.
     *
     * @param ip the address of the next instruction
     */
    void sample(@Field("ip") long ip);

    /**
     * A range of addresses that holds code.
     *
     * @param start the first address
     * @param end the address after the last one
     * @param offset the offset of the range in its file
     * @param path the file, or empty for code that was generated at run time, like Java's
     */
    void mapping(@Field("start") long start, @Field("end") long end, @Field("offset") long offset,
            @Field("path") String path);
}
