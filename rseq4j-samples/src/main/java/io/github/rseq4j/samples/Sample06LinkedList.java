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
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A free list for each CPU, as in allocators: threads pop nodes and push them back. A node is an item whose copy at
 * index 0 is used; its first word leads to the next node. The head of the lists is an item with a copy for each CPU.
 *
 * <pre>
 * 64 different nodes are on the lists
 * </pre>
 */
final class Sample06LinkedList {
    private static final int EMPTY = 0;
    private static final RestartableSection PUSH = push();
    private static final RestartableSection POP = pop();

    private static RestartableSection push() {
        SectionBuilder steps = new SectionBuilder("list_push", 2);
        Register head = steps.argument(0);
        Register node = steps.argument(1);
        steps.store(at(node, 0), steps.load(cell(head)));
        return steps.commitStore(cell(head), node, Order.RELAXED).build();
    }

    private static RestartableSection pop() {
        SectionBuilder steps = new SectionBuilder("list_pop", 1);
        Register head = steps.argument(0);
        Register first = steps.load(cell(head));
        steps.exitIf(first, Condition.EQUAL, constant(0), EMPTY);
        return steps.result(first).commitStore(cell(head), steps.load(at(first, 0)), Order.RELAXED).build();
    }

    static void main() {
        try (PerCpuItems nodes = new PerCpuItems(Long.BYTES); PerCpuItems heads = new PerCpuItems(Long.BYTES)) {
            long head = heads.allocate();
            LongStream.range(0, 64).forEach(_ -> PUSH.call(head, nodes.allocate()));
            LongStream.range(0, 100_000).parallel().map(_ -> POP.call(head).orElse(0)).filter(node -> node != 0)
                    .forEach(node -> PUSH.call(head, node));
            long found = IntStream.range(0, heads.copies()).mapToObj(index -> LongStream.iterate(
                    heads.getLong(head, index, 0), node -> node != 0, node -> nodes.getLong(node, 0, 0)))
                    .flatMapToLong(list -> list).distinct().count();
            System.out.println(found + " different nodes are on the lists");
        }
    }
}
