package io.github.rseq4j.samples;

import static io.github.rseq4j.section.Place.at;
import static io.github.rseq4j.section.Place.cell;
import static io.github.rseq4j.section.Value.constant;

import io.github.rseq4j.percpu.PerCpuItems;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.section.Register;
import io.github.rseq4j.section.RestartableSection;
import io.github.rseq4j.section.SectionBuilder;
import java.util.ArrayList;
import java.util.List;

/**
 * A free list for each CPU, as in allocators: 8 threads pop nodes and push them back. No node is handed out twice,
 * whichever list it was on. A node is an item whose copy at index 0 is used, so its address is valid both on
 * restartable sequences and on the fallback. The head of the list is an item with a copy for each CPU.
 *
 * <pre>
 * 64 of 64 nodes are on the lists, each used by one thread at a time: true
 * </pre>
 */
public final class Sample06LinkedList {
    private static final int NODES = 64;
    private static final int USERS_BYTES = 0;
    private static final int NEXT_BYTES = 8;
    private static final int EMPTY = 0;

    private static final RestartableSection PUSH = push();
    private static final RestartableSection POP = pop();

    private Sample06LinkedList() {}

    private static RestartableSection push() {
        SectionBuilder steps = new SectionBuilder("list_push", 2);
        Register head = steps.argument(0);
        Register node = steps.argument(1);
        Register first = steps.load(cell(head));
        steps.store(at(node, NEXT_BYTES), first);
        return steps.commitStore(cell(head), node, Order.RELAXED).build();
    }

    private static RestartableSection pop() {
        SectionBuilder steps = new SectionBuilder("list_pop", 1);
        Register head = steps.argument(0);
        Register first = steps.load(cell(head));
        steps.exitIf(first, Condition.EQUAL, constant(0), EMPTY);
        Register next = steps.load(at(first, NEXT_BYTES));
        return steps.result(first).commitStore(cell(head), next, Order.RELAXED).build();
    }

    /** Takes nodes and gives them back. Returns whether no other thread had one of them meanwhile. */
    private static boolean isAlone(PerCpuItems nodes, long head) {
        boolean alone = true;
        for (int i = 0; i < 10_000; i++) {
            long node = POP.call(head).orElse(0);
            if (node != 0) {
                nodes.putLong(node, 0, USERS_BYTES, nodes.getLong(node, 0, USERS_BYTES) + 1);
                alone &= nodes.getLong(node, 0, USERS_BYTES) == 1;
                nodes.putLong(node, 0, USERS_BYTES, nodes.getLong(node, 0, USERS_BYTES) - 1);
                PUSH.call(head, node);
            }
        }
        return alone;
    }

    /**
     * Runs the sample.
     *
     * @param arguments none
     * @throws InterruptedException if the thread is interrupted
     */
    public static void main(String[] arguments) throws InterruptedException {
        try (PerCpuItems nodes = new PerCpuItems(16); PerCpuItems heads = new PerCpuItems(Long.BYTES)) {
            long head = heads.allocate();
            for (int i = 0; i < NODES; i++) {
                PUSH.call(head, nodes.allocate());
            }
            boolean[] alone = new boolean[8];
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < alone.length; i++) {
                int number = i;
                threads.add(Thread.ofPlatform().start(() -> alone[number] = isAlone(nodes, head)));
            }
            boolean all = true;
            for (int i = 0; i < alone.length; i++) {
                threads.get(i).join();
                all &= alone[i];
            }
            int found = 0;
            for (int index = 0; index < heads.copies(); index++) {
                for (long node = heads.getLong(head, index, 0); node != 0; node = nodes.getLong(node, 0, NEXT_BYTES)) {
                    found++;
                }
            }
            System.out.println(found + " of " + NODES + " nodes are on the lists, each used by one thread at a time: "
                    + all);
        }
    }
}
