package io.github.rseq4j.memory;

import java.lang.ref.ReferenceQueue;
import org.jspecify.annotations.Nullable;

/** All that is held, linked: neither holding nor giving back needs memory. One thread at a time uses it. */
final class Holdings {
    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    private @Nullable Holding first;
    private @Nullable Holding lost;

    /** Returns the queue of those whose owner was collected. */
    ReferenceQueue<Object> collected() {
        return collected;
    }

    /** Returns the first one, from which the others follow. */
    @Nullable Holding first() {
        return first;
    }

    void add(Holding holding) {
        Holding former = first;
        holding.isHeld = true;
        holding.next = former;
        if (former != null) {
            former.previous = holding;
        }
        first = holding;
    }

    void remove(Holding holding) {
        Holding before = holding.previous;
        Holding after = holding.next;
        if (before != null) {
            before.next = after;
        } else {
            first = after;
        }
        if (after != null) {
            after.previous = before;
        }
        holding.previous = null;
        holding.next = null;
        holding.isHeld = false;
        lost = lost == holding ? null : lost;
    }

    /** Returns one whose owner was collected, or null; the same one until it is removed. */
    @Nullable Holding lost() {
        while (lost == null) {
            Holding found = (Holding) collected.poll();
            if (found == null) {
                return null;
            }
            lost = found.isHeld ? found : null;
        }
        return lost;
    }
}
