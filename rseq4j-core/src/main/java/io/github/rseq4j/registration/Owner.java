package io.github.rseq4j.registration;

/** The party that registered the threads' rseq areas. It is found by behaviour, not by a version number. */
public enum Owner {
    /** libc registered it: rseq(2) answers EBUSY for exactly libc's area. */
    LIBC,
    /** Another library, which shares its area through {@code __rseq_abi}. */
    FOREIGN,
    /** This library. */
    OWN,
    /** No usable registration: a reason is given, and the fallback is used. */
    NONE
}
