package io.github.rseq4j.sections;

import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;

/** Names standard sections: the steps, the order of the commit, and the width of words unless it is 8 bytes. */
final class Names {
    private Names() {}

    /**
     * Returns a section's name.
     *
     * @param steps its steps, joined by _
     * @param order the order of its commit
     * @param width the width of the words that it compares, loads and stores
     */
    static String of(String steps, Order order, Width width) {
        return steps + (order == Order.RELEASE ? "_release" : "_relaxed") + (width == Width.INT ? "_int" : "");
    }
}
