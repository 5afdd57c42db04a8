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
     * The list is limited in threads and in characters. Beyond the limit the oldest thread that is not known to live is
     * removed, and counted. Virtual threads without names are ranges of numbers, so that a million of them is one
     * entry.
     *
     * The kernel gives numbers again. A thread owns its number from its first event, or from when it was found in /proc
     * before that, until another thread owns the number, or the number is not found in /proc any more.
     */
    /** How many threads are named. Babeltrace's time is the square of it: a fifth of a second here. */
    public static final int MAX_THREADS = 4096;
    /** How many characters their entries of the metadata have. */
    public static final int MAX_CHARS = 1 << 20;
    /** How many ranges of virtual threads are kept. */
    public static final int MAX_RANGES = 4096;

    private static final int TRIES = 64;

    private final Map<Long, ThreadEntry> list = new LinkedHashMap<>();
    /** The thread that has a number of the kernel's now. */
    private final Map<Long, ThreadEntry> owners = new HashMap<>();
    /** Virtual threads without names: first and last of each range. */
    private final TreeMap<Long, Long> ranges = new TreeMap<>();
    private long kernelKeys;
    private long chars;
    private long forgotten;
    private long news;

    /**
     * All that is known.
     *
     * @param threads the threads that are named
     * @param environment what else the environment of the trace says of threads
     */
    public record Known(List<TraceThread> threads, Map<String, Object> environment) {}

    /** Returns a number that changes when a thread is added that is named. */
    long news() {
        return news;
    }

    /**
     * Adds a thread of Java, unless it is there.
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
            // The same thread, which was found in /proc before its first event.
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
                // A thread that Java does not know stays an owner: else it would be found anew in /proc.
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
     * Learns which threads the kernel has.
     *
     * @param tasks their numbers, as {@link KernelTasks#look} returns them
     * @param now when they were listed, in cycles, or before
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
            // A thread that came while the list was made may not be in it.
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
                // A thread begins with the name of the thread that made it: it is read again, less and less often.
                rename(owner, KernelTasks.name(task));
            }
        } catch (IOException _) {
            // It has ended meanwhile.
        }
    }

    private void rename(ThreadEntry entry, String name) {
        boolean isListed = list.get(entry.key) == entry;
        chars -= isListed ? entry.chars() : 0;
        entry.rename(name);
        chars += isListed ? entry.chars() : 0;
    }

    /** Returns all that is known; platform threads have the names that they have now. */
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
