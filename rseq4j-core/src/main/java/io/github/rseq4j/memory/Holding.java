package io.github.rseq4j.memory;

import java.lang.ref.PhantomReference;
import org.jspecify.annotations.Nullable;

/** Memory that an owner holds until the owner gives it back or is collected. */
abstract sealed class Holding extends PhantomReference<Object> permits Cells.Piece, Ranges.Pool {
    @Nullable Holding previous;
    @Nullable Holding next;
    boolean isHeld;

    Holding(Object owner, Holdings holdings) {
        super(owner, holdings.collected());
    }
}
