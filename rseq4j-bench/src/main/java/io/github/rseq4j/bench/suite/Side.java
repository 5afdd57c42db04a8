package io.github.rseq4j.bench.suite;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The role of a row in its family. */
enum Side {
    /** A structure of rseq4j. */
    @JsonProperty("ours")
    OURS,
    /** The same operation of another library, or of the JDK. */
    @JsonProperty("peer")
    PEER,
    /** The least that such an operation can cost: a downcall, a reading of the clock, C. */
    @JsonProperty("limit")
    LIMIT
}
