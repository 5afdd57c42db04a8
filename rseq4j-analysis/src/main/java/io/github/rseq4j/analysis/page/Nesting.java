package io.github.rseq4j.analysis.page;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds the innermost kept span around each kept mark; of an event of the JVM also such an event. */
final class Nesting {
    private Nesting() {}

    /**
     * Sets the parent of each mark.
     *
     * @param marks the marks in the order {@link Mark#BY_BEGIN}
     */
    static void set(List<Mark> marks) {
        Map<Long, Deque<Mark>> stacks = new HashMap<>();
        for (Mark mark : marks) {
            Deque<Mark> stack = stacks.computeIfAbsent(mark.threadId, _ -> new ArrayDeque<>());
            while (!stack.isEmpty() && stack.getFirst().end() <= mark.begin && !stack.getFirst().contains(mark)) {
                stack.pop();
            }
            mark.parent = null;
            for (Mark around : stack) {
                if (around.contains(mark) && (around.name.kind == MarkName.Kind.SPAN
                        || mark.name.kind == MarkName.Kind.JVM)) {
                    mark.parent = around;
                    break;
                }
            }
            if (mark.name.isBar()) {
                stack.push(mark);
            } else if (stack.isEmpty()) {
                stacks.remove(mark.threadId);
            }
        }
    }
}
