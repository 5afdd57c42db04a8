package io.github.rseq4j.agent;

import io.github.rseq4j.agent.rule.Mode;
import io.github.rseq4j.agent.rule.Rule;
import io.github.rseq4j.agent.site.Counting;
import io.github.rseq4j.agent.site.Events;
import io.github.rseq4j.agent.site.Recorder;
import io.github.rseq4j.agent.site.Sample;
import io.github.rseq4j.agent.site.Site;
import io.github.rseq4j.agent.site.Timing;
import io.github.rseq4j.agent.site.TracedMethod;
import io.github.rseq4j.agent.table.Histogram;
import io.github.rseq4j.agent.table.MethodTable;
import java.lang.invoke.CallSite;
import java.lang.invoke.ConstantCallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods that were ever instrumented, with their sites. Any thread may call any method. */
final class MethodRegistry {
    /* How it works
     *
     * A method keeps its number, its counts and its site until the JVM ends, because code that runs may still use them.
     * Classes of two loaders with one name share them.
     */
    private final MethodTable table;
    private final Map<Key, Entry> byKey = new HashMap<>();
    private final List<Entry> byNumber = new ArrayList<>();
    private volatile @Nullable Events events;

    private record Key(String className, String name, String descriptor) {}

    private static final class Entry {
        private final int number;
        private final Site site = new Site();
        private TracedMethod method;
        private @Nullable Rule rule;

        Entry(int number, TracedMethod method) {
            this.number = number;
            this.method = method;
        }
    }

    /**
     * Makes a registry.
     *
     * @param table the counts of the methods
     */
    MethodRegistry(MethodTable table) {
        this.table = table;
    }

    /** Returns the handle that links the call sites of instrumented classes. */
    MethodHandle linker() {
        try {
            return MethodHandles.lookup().findVirtual(MethodRegistry.class, "link", MethodType.methodType(
                    CallSite.class, String.class, MethodType.class, int.class)).bindTo(this);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Links a call site of an instrumented class. It throws nothing but a StackOverflowError. */
    CallSite link(String name, MethodType type, int number) {
        try {
            Site site;
            synchronized (this) {
                site = byNumber.get(number).site;
            }
            return site.link(name, type);
        } catch (StackOverflowError e) {
            // The JVM throws it to the program, whose stack is at its end, and links the call site the next time.
            throw e;
        } catch (Throwable _) {
            // The program runs on: this call site records nothing.
            return new ConstantCallSite(MethodHandles.empty(type));
        }
    }

    /** Sets the events of the trace, or null if there is none. */
    void use(@Nullable Events next) {
        events = next;
    }

    /**
     * Adds a method that a rule matches, or changes its mode.
     *
     * @return the number of its site
     */
    synchronized int add(TracedMethod method, Rule rule) {
        Key key = new Key(method.className(), method.name(), method.descriptor());
        Entry entry = byKey.get(key);
        if (entry == null) {
            int number = table.add(method.className(), method.name(), method.descriptor());
            entry = new Entry(number, method);
            while (byNumber.size() <= number) {
                byNumber.add(entry);
            }
            byNumber.set(number, entry);
            byKey.put(key, entry);
        }
        if (!rule.equals(entry.rule)) {
            set(entry, method, rule);
        }
        return entry.number;
    }

    private void set(Entry entry, TracedMethod method, Rule rule) {
        entry.method = method;
        entry.rule = rule;
        table.mode(entry.number, rule.overNanos() > 0 && rule.mode() == Mode.EVENT ? "over" : rule.mode().spelling());
        entry.site.set(() -> recorder(entry.number, method, rule));
    }

    private Recorder recorder(int number, TracedMethod method, Rule rule) {
        Events now = events;
        if (rule.mode() == Mode.COUNT) {
            return new Counting(table.countCell(number));
        }
        Histogram histogram = null;
        Sample sample = Sample.of(rule.sample());
        if (rule.mode() == Mode.TIME) {
            histogram = table.histogram(number).withWeight(rule.sample());
            sample = Sample.counted(rule.sample(), table.countCell(number));
        }
        if (histogram != null && rule.overNanos() == 0) {
            return new Timing(histogram, sample);
        }
        if (now == null) {
            return Recorder.OFF;
        }
        boolean isSpan = rule.overNanos() == 0 && !rule.args() && !rule.stack();
        return isSpan ? now.spans(method, sample, rule.limitPerSecond())
                : now.slow(method, rule.overNanos(), rule.args(), rule.stack(), histogram, sample,
                        rule.limitPerSecond());
    }

    /**
     * Gives all methods of a rule another one that needs the same code.
     *
     * @return the number of these methods
     */
    synchronized int replace(Rule rule, Rule next) {
        int count = 0;
        for (Entry entry : byKey.values()) {
            if (rule.equals(entry.rule)) {
                set(entry, entry.method, next);
                count++;
            }
        }
        return count;
    }

    /** Switches all methods off. */
    synchronized void off() {
        for (Entry entry : byKey.values()) {
            if (entry.rule != null) {
                entry.rule = null;
                table.mode(entry.number, "off");
                entry.site.set(() -> Recorder.OFF);
            }
        }
    }
}
