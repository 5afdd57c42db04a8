package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.sections.LoadAddStoreStore;
import io.github.rseq4j.sections.LoadCbeqAddLoadStore;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/** A list of nodes for each index. Nodes are pushed and popped at its head; a token is a node. */
final class NodeList implements Bag {
    /* How it works
     *
     *   cells:   | head |        nodes:   | next of node 0 | next of node 1 | ...
     *
     * A node is a word with the address of the next node. All indices share the nodes. A pop loads the head and the
     * head's next node inside one section. So a node that was popped and pushed again cannot be mistaken for the former
     * head (ABA): no other thread commits a section at this index in between.
     */
    private static final Operation PUSH = Operation.of(LoadAddStoreStore.RELAXED);
    private static final Operation POP = Operation.of(LoadCbeqAddLoadStore.RELAXED);
    private static final int NODES = 256;

    private final Engine engine = Engine.get();
    private final long heads = Cells.get().allocate(this, 1);
    /** The copies at index 0 are the nodes; the other copies are not used. */
    private final long nodes = Cells.get().allocate(this, NODES);

    /** Returns the address of the head's copy at an index. */
    long head(int index) {
        return heads + ((long) index << Engine.STRIDE_SHIFT);
    }

    /** Returns a node's token, or -1 if the address is not a node's. */
    long token(long node) {
        long offset = node - nodes;
        return offset >= 0 && offset < (long) NODES * Long.BYTES && offset % Long.BYTES == 0 ? offset / Long.BYTES : -1;
    }

    @Override
    public String name() {
        return "list";
    }

    @Override
    public int tokens() {
        return NODES;
    }

    @Override
    public boolean put(int token, int lane, SplittableRandom random) {
        PUSH.call(random, heads, nodes + (long) token * Long.BYTES, 0);
        return true;
    }

    @Override
    public long take(int lane, SplittableRandom random) {
        long node = POP.call(random, heads, 0, 0);
        return node < 0 ? EMPTY : known(token(node), node);
    }

    private static long known(long token, long node) {
        if (token < 0) {
            throw new IllegalStateException("node=0x" + Long.toHexString(node) + " was popped and is not a node");
        }
        return token;
    }

    @Override
    public void visit(IntConsumer visitor) {
        for (int index = 0; index < engine.copies(); index++) {
            long node = engine.memory().getLong(head(index));
            // A damaged list may have a cycle.
            for (int i = 0; i <= NODES && node != 0; i++) {
                long token = token(node);
                visitor.accept((int) token);
                node = token < 0 ? 0 : engine.memory().getLong(node);
            }
        }
    }

    @Override
    public List<Operation> sections() {
        return List.of(PUSH, POP);
    }
}
