package io.github.rseq4j.registration;

/** Who registered the threads' rseq areas. Found by behaviour, not by a version number. */
public enum Owner {
    /** libc registered it: rseq(2) answers EBUSY for exactly libc's area. */
    LIBC,
    /** Another library did, and shares it through {@code __rseq_abi}. */
    FOREIGN,
    /** This library did. */
    OWN,
    /** Nobody did, or it is of no use: the reason is given, and the fallback serves. */
    NONE
}
