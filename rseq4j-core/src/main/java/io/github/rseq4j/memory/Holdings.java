package io.github.rseq4j.memory;

import java.lang.ref.ReferenceQueue;
import org.jspecify.annotations.Nullable;

/** A linked list of holdings: adding and removing needs no memory. Used by one thread at a time. */
final class Holdings {
    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    private @Nullable Holding first;
    private @Nullable Holding lost;

    /** Returns the queue of holdings whose owner was collected. */
    ReferenceQueue<Object> collected() {
        return collected;
    }

    /** Returns the first holding of the list. */
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

    /** Returns a holding whose owner was collected, or null. It returns the same holding until that is removed. */
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
