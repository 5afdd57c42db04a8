package io.github.rseq4j.trace.thread;

import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The threads that a tracer names, within a limit. One thread at a time. */
public final class ThreadList {
    /* How it works
     *
     * The list has a limit of threads and one of characters. Beyond either limit the oldest thread that is not known to
     * be alive is removed and counted. Virtual threads without names are kept as ranges of numbers, so a million of
     * them can be one range.
     *
     * The kernel reuses numbers. A thread owns its number from its first event on, or from an earlier time at which it
     * was found in /proc. It owns the number until another thread does, or until /proc does not have the number any
     * more.
     */
    /** The limit of named threads. Babeltrace needs time by the square of their number: 0.2 s for as many as this. */
    public static final int MAX_THREADS = 4096;
    /** The limit of characters of their entries in the metadata. */
    public static final int MAX_CHARS = 1 << 20;
    /** The limit of ranges of virtual threads. */
    public static final int MAX_RANGES = 4096;

    private static final int TRIES = 64;

    private final Map<Long, ThreadEntry> list = new LinkedHashMap<>();
    /** The owner of each of the kernel's numbers. */
    private final Map<Long, ThreadEntry> owners = new HashMap<>();
    /** Virtual threads without names: the first and last number of each range. */
    private final TreeMap<Long, Long> ranges = new TreeMap<>();
    private long kernelKeys;
    private long chars;
    private long forgotten;
    private long news;

    /**
     * The threads, as the metadata has them.
     *
     * @param threads the named threads
     * @param environment the other entries about threads in the trace's environment
     */
    public record Known(List<TraceThread> threads, Map<String, Object> environment) {}

    /** Returns a number that changes when a named thread is added. */
    long news() {
        return news;
    }

    /**
     * Adds a thread of Java, unless the list has it.
     *
     * @param entry the thread
     */
    void add(ThreadEntry entry) {
        if (entry.isVirtual && entry.name().isEmpty()) {
            addToRange(entry.key);
        } else if (!list.containsKey(entry.key)) {
            if (entry.tid != TraceThread.NONE) {
                own(entry);
            }
            put(entry);
        }
    }

    private void put(ThreadEntry entry) {
        list.put(entry.key, entry);
        chars += entry.chars();
        news++;
        limit();
    }

    private void own(ThreadEntry entry) {
        ThreadEntry owner = owners.put(entry.tid, entry);
        if (owner != null && owner.isOfKernel()) {
            // The same thread: it was found in /proc before its first event.
            entry.from = owner.from;
            chars -= list.remove(owner.key, owner) ? owner.chars() : 0;
        } else if (owner != null) {
            owner.to = entry.from;
        }
    }

    private void limit() {
        for (int tries = TRIES; list.size() > MAX_THREADS || chars > MAX_CHARS; tries--) {
            Iterator<ThreadEntry> oldest = list.values().iterator();
            ThreadEntry entry = oldest.next();
            oldest.remove();
            if (tries > 0 && entry.isAlive()) {
                list.put(entry.key, entry);
            } else {
                chars -= entry.chars();
                forgotten++;
                // A thread that was found in /proc stays the owner: otherwise the next look would add it again.
                if (!entry.isOfKernel()) {
                    owners.remove(entry.tid, entry);
                }
            }
        }
    }

    private void addToRange(long id) {
        Map.Entry<Long, Long> below = ranges.floorEntry(id);
        if (below != null && below.getValue() >= id) {
            return;
        }
        long first = below != null && below.getValue() == id - 1 ? below.getKey() : id;
        Long last = ranges.remove(id + 1);
        ranges.put(first, last == null ? id : last);
        if (ranges.size() > MAX_RANGES) {
            Map.Entry<Long, Long> oldest = ranges.pollFirstEntry();
            forgotten += oldest.getValue() - oldest.getKey() + 1;
        }
    }

    /**
     * Adds the kernel's threads that are new, and ends the ownership of those that have ended.
     *
     * @param tasks the threads, as {@link KernelTasks#look} returns them
     * @param now a time, in cycles, that is not after the beginning of that look
     */
    void found(Map<Integer, Integer> tasks, long now) {
        Set<Long> tids = new HashSet<>();
        tasks.forEach((task, tid) -> {
            tids.add((long) tid);
            if (tid != TraceThread.NONE) {
                found(task, tid, now);
            }
        });
        owners.values().removeIf(owner -> {
            // A thread that began during the look may be missing in its result.
            boolean hasEnded = !tids.contains(owner.tid) && Long.compareUnsigned(owner.from, now) < 0;
            owner.to = hasEnded ? now : owner.to;
            return hasEnded;
        });
    }

    private void found(int task, long tid, long now) {
        ThreadEntry owner = owners.get(tid);
        try {
            if (owner == null) {
                ThreadEntry entry = ThreadEntry.ofKernel(--kernelKeys, tid, now, KernelTasks.name(task));
                owners.put(tid, entry);
                put(entry);
            } else if (owner.isOfKernel() && Integer.bitCount(++owner.looks) == 1) {
                // A thread begins with the name of the thread that made it. So its name is read again, at the 1st, 2nd,
                // 4th, 8th look and so on.
                rename(owner, KernelTasks.name(task));
            }
        } catch (IOException _) {
            // The thread has ended meanwhile.
        }
    }

    private void rename(ThreadEntry entry, String name) {
        boolean isListed = list.get(entry.key) == entry;
        chars -= isListed ? entry.chars() : 0;
        entry.rename(name);
        chars += isListed ? entry.chars() : 0;
    }

    /** Returns the threads; platform threads have their current names. */
    Known known() {
        for (ThreadEntry entry : list.values()) {
            Thread thread = entry.get();
            if (thread != null) {
                rename(entry, thread.getName());
            }
        }
        limit();
        return new Known(list.values().stream().map(ThreadEntry::thread).toList(), environment());
    }

    private Map<String, Object> environment() {
        Map<String, Object> environment = new LinkedHashMap<>();
        List<String> texts = new ArrayList<>();
        ranges.forEach((first, last) -> texts.add(first.equals(last) ? first.toString() : first + "-" + last));
        if (!texts.isEmpty()) {
            environment.put(TraceThread.VIRTUAL, String.join(",", texts));
        }
        if (forgotten > 0) {
            environment.put(TraceThread.FORGOTTEN, forgotten);
        }
        return environment;
    }
}
