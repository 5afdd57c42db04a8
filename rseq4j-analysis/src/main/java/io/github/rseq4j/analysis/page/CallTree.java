package io.github.rseq4j.analysis.page;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts spans by the names around them, or samples by their stacks: the data of a flame graph. */
public final class CallTree {
    private static final String OTHERS = "others";

    private final int limit;
    private final List<Node> nodes = new ArrayList<>();
    private final Node root;
    private @Nullable Node others;

    /** A name with the names around it. */
    public static final class Node {
        final int index;
        final int parent;
        final String name;
        private @Nullable Map<String, Node> children;
        long count;
        long total;
        long self;

        private Node(int index, int parent, String name) {
            this.index = index;
            this.parent = parent;
            this.name = name;
        }

        /**
         * Counts spans or samples.
         *
         * @param number their number
         * @param all their time in nanoseconds, or their number
         * @param own the part of it that belongs to no child
         */
        public void add(long number, long all, long own) {
            count += number;
            total += all;
            self += own;
        }

        /** Returns the position of the node, which a sample keeps. */
        public int index() {
            return index;
        }
    }

    /** @param limit the most nodes; what belongs to others is counted in one node */
    public CallTree(int limit) {
        this.limit = limit;
        this.root = new Node(0, -1, "");
        nodes.add(root);
    }

    /** Returns the node that has no name. */
    public Node root() {
        return root;
    }

    /**
     * Returns the node of a name in another node.
     *
     * @param around the node around it
     * @param name the name
     */
    public Node child(Node around, String name) {
        Node node = around.children == null ? null : around.children.get(name);
        if (node == null && nodes.size() < limit) {
            node = add(around, name);
        }
        if (node == null) {
            node = others == null ? add(root, OTHERS) : others;
            others = node;
        }
        return node;
    }

    private Node add(Node around, String name) {
        Node node = new Node(nodes.size(), around.index, name);
        nodes.add(node);
        Map<String, Node> children = around.children == null ? new HashMap<>(2) : around.children;
        children.put(name, node);
        around.children = children;
        return node;
    }

    /** Returns all nodes; parents come before their children. */
    List<Node> nodes() {
        return nodes;
    }
}
