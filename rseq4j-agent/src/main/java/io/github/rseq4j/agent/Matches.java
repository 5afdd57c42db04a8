package io.github.rseq4j.agent;

import io.github.rseq4j.agent.rule.Rule;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The methods that rules have matched, and what was left alone, for the answer to an attaching command. Any thread. */
final class Matches {
    private static final int MAX_LEFT = 100_000;
    /** The most names of one reason that are listed one by one. */
    private static final int MAX_LISTED = 20;

    private final Map<String, Rule> matched = new TreeMap<>();
    private final Set<String> classes = new HashSet<>();
    private final Map<String, String> left = new LinkedHashMap<>();

    synchronized void matched(String method, Rule rule) {
        matched.put(method, rule);
    }

    synchronized void instrumented(String className) {
        classes.add(className);
    }

    /** Notes a class or a method that is left alone. */
    synchronized void leftAlone(String name, String reason) {
        if (left.size() < MAX_LEFT) {
            left.putIfAbsent(name, reason);
        }
    }

    /** Returns the number of instrumented classes. */
    synchronized int classCount() {
        return classes.size();
    }

    /**
     * Returns how many methods, and how many classes, rules have matched since {@link #next}; methods of one name in a
     * class count once.
     *
     * @param rules the rules: a class may have methods that others match
     */
    synchronized Count count(Collection<Rule> rules) {
        Set<String> in = new HashSet<>();
        int methods = 0;
        for (Map.Entry<String, Rule> each : matched.entrySet()) {
            if (rules.contains(each.getValue())) {
                methods++;
                in.add(each.getKey().substring(0, each.getKey().indexOf("::")));
            }
        }
        return new Count(methods, in.size());
    }

    /** Numbers of methods and of their classes. */
    record Count(int methods, int classes) {
        @Override
        public String toString() {
            return methods == 0 ? "no method" : count(methods, "method") + " of " + count(classes, "loaded class");
        }
    }

    /** Returns a number with a noun. */
    static String count(int number, String noun) {
        return number + " " + noun + (number == 1 ? "" : noun.endsWith("s") ? "es" : "s");
    }

    /** Tells whether something that matched was left alone since {@link #next}. */
    synchronized boolean hasLeft() {
        return !left.isEmpty();
    }

    /** Tells whether a class was instrumented. */
    synchronized boolean has(String className) {
        return classes.contains(className);
    }

    /** Returns a line for each method that matched, with its mode. */
    synchronized Stream<String> matchedLines() {
        return matched.entrySet().stream().map(each -> each.getKey() + " " + each.getValue().mode().spelling()).toList()
                .stream();
    }

    /**
     * Returns a line for each class and method that is left alone, with the reason. If there are many for one reason,
     * they have one line.
     */
    synchronized Stream<String> leftLines() {
        Map<String, List<String>> byReason = new LinkedHashMap<>();
        left.forEach((name, reason) -> byReason.computeIfAbsent(reason, _ -> new ArrayList<>()).add(name));
        List<String> lines = new ArrayList<>();
        byReason.forEach((reason, names) -> {
            if (names.size() > MAX_LISTED) {
                lines.add("left alone: " + names.size() + (left.size() == MAX_LEFT ? " or more" : "") + ", such as "
                        + names.getFirst() + " and " + names.getLast() + ": " + reason);
            } else {
                names.forEach(name -> lines.add("left alone: " + name + ": " + reason));
            }
        });
        return lines.stream();
    }

    /** Forgets what was matched and left alone before the next command; which classes are instrumented stays. */
    synchronized void next() {
        matched.clear();
        left.clear();
    }

    /** Forgets everything. */
    synchronized void clear() {
        next();
        classes.clear();
    }
}
