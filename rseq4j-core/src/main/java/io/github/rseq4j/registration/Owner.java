package io.github.rseq4j.registration;

/** The party that registered the threads' rseq areas. It is found by behaviour, not by a version number. */
public enum Owner {
    /** libc registered the area: rseq(2) answers EBUSY for exactly libc's area. */
    LIBC,
    /** Another library, which shares its area through {@code __rseq_abi}. */
    FOREIGN,
    /** rseq4j, by the provider image. */
    OWN,
    /** None: there is no usable registration. The reason is reported, and the fallback is used. */
    NONE
}
