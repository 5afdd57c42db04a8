package io.github.rseq4j.section;

import static io.github.rseq4j.section.Place.at;
import static io.github.rseq4j.section.Place.cell;
import static io.github.rseq4j.section.Place.element;
import static io.github.rseq4j.section.Value.constant;

/** Sections as users write them. */
final class UserSections {
    static final int LOWER = 0;
    static final int EMPTY = 0;
    static final int FULL = 3;
    static final int NEXT_BYTES = 8;
    static final int MAX_RECORD_BYTES = 48;
    static final int LOG_BYTES = 4096;

    private UserSections() {}

    /** Raises the maximum of (item) to (value). */
    static RestartableSection max() {
        SectionBuilder steps = new SectionBuilder("percpu_max", 2);
        Register item = steps.argument(0);
        Register value = steps.argument(1);
        Register max = steps.load(cell(item));
        steps.exitIf(max, Condition.ABOVE_OR_EQUAL, value, LOWER);
        return steps.commitStore(cell(item), value, Order.RELAXED).build();
    }

    /** Pushes (node) to the list of (head). */
    static RestartableSection push() {
        SectionBuilder steps = new SectionBuilder("list_push", 2);
        Register head = steps.argument(0);
        Register node = steps.argument(1);
        Register first = steps.load(cell(head));
        steps.store(at(node, NEXT_BYTES), first);
        return steps.commitStore(cell(head), node, Order.RELAXED).build();
    }

    /** Pops a node from the list of (head). */
    static RestartableSection pop() {
        SectionBuilder steps = new SectionBuilder("list_pop", 1);
        Register head = steps.argument(0);
        Register first = steps.load(cell(head));
        steps.exitIf(first, Condition.EQUAL, constant(0), EMPTY);
        Register next = steps.load(at(first, NEXT_BYTES));
        return steps.result(first).commitStore(cell(head), next, Order.RELAXED).build();
    }

    /** Pops a node from a list of offsets in one (item): the head is at 0, a node's next at its offset + 8. */
    static RestartableSection popOffset() {
        SectionBuilder steps = new SectionBuilder("offset_pop", 1);
        Register item = steps.argument(0);
        Register first = steps.load(cell(item));
        steps.exitIf(first, Condition.EQUAL, constant(0), EMPTY);
        Register next = steps.load(element(item, NEXT_BYTES, first, 1));
        return steps.result(first).commitStore(cell(item), next, Order.RELAXED).build();
    }

    /** Appends (length) bytes (from) to the log of (item): its length, and at 8 the bytes. Returns their offset. */
    static RestartableSection append() {
        SectionBuilder steps = new SectionBuilder("log_append", 3);
        Register item = steps.argument(0);
        Register from = steps.argument(1);
        Register lengthBytes = steps.argument(2);
        Register before = steps.load(cell(item));
        Register after = steps.move(before);
        steps.add(after, lengthBytes);
        steps.exitIf(after, Condition.ABOVE_OR_EQUAL, constant(LOG_BYTES - 7), FULL);
        steps.exitIf(before, Condition.ABOVE_OR_EQUAL, constant(LOG_BYTES), FULL);
        steps.disjoint(element(item, 8, before, 1), lengthBytes, at(from, 0), lengthBytes);
        steps.copy(element(item, 8, before, 1), from, lengthBytes, MAX_RECORD_BYTES);
        return steps.result(before).commitStore(cell(item), after, Order.RELEASE).build();
    }

    /**
     * Three sections: counts a try in (item), takes 1 from what is left at 8 unless that is 0, adds (amount) at 16 and
     * returns it.
     */
    static RestartableSection take() {
        SectionBuilder steps = new SectionBuilder("try_take_add", 2);
        Register item = steps.argument(0);
        steps.commitAdd(cell(item), constant(1), Order.RELAXED).next();
        Register left = steps.load(cell(item, 8));
        steps.exitIf(left, Condition.EQUAL, constant(0), EMPTY);
        steps.subtract(left, constant(1));
        steps.commitStore(cell(item, 8), left, Order.RELAXED).next();
        steps.result(steps.argument(1));
        return steps.commitAdd(cell(item, 16), steps.argument(1), Order.RELAXED).build();
    }

    /** Adds 1 to (item), and then waits (iterations) and adds 1 at 8. */
    static RestartableSection delayed() {
        SectionBuilder steps = new SectionBuilder("add_delay_add", 2);
        Register item = steps.argument(0);
        steps.commitAdd(cell(item), constant(1), Order.RELAXED).next();
        steps.delay(steps.argument(1), 1000);
        return steps.commitAdd(cell(item, 8), constant(1), Order.RELAXED).build();
    }

    /** Adds (delta) to (item) and returns its former value. */
    static RestartableSection fetchAdd() {
        SectionBuilder steps = new SectionBuilder("fetch_add", 2);
        Register item = steps.argument(0);
        Register before = steps.load(cell(item));
        Register after = steps.move(before);
        steps.add(after, steps.argument(1));
        return steps.result(before).commitStore(cell(item), after, Order.RELAXED).build();
    }
}
