package io.github.rseq4j.percpu;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Seccomp;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.memory.MemoryProbe;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The child JVM of {@link FencesKernelTest}: runs every operation that fences: where membarrier(2) is refused, where
 * visits to CPUs are refused as well, and again from a thread without a filter.
 */
public final class FencesChild {
    private static final int COUNT = 100;

    private final PerCpuStack stack = new PerCpuStack(64);
    private final PerCpuByteStack records = new PerCpuByteStack(4096, 16);
    private final PerCpuLock lock = new PerCpuLock();
    private final PerCpuItems items = new PerCpuItems(PerCpuItems.MAX_ITEM_BYTES,
            ItemOptions.defaults().withMaxRanges(1));
    private final PerCpuItems robust = new PerCpuItems(64, ItemOptions.defaults().withRobust(true));
    private final AtomicLong popped = new AtomicLong();
    private long item = items.allocate();
    private long robustItem = robust.allocate();

    private FencesChild() {}

    /**
     * An operation that fences.
     *
     * @param name its name
     * @param run runs the operation
     */
    private record Operation(String name, Runnable run) {}

    private List<Operation> operations() {
        return List.of(new Operation("Rseq.fence", Rseq::fence),
                new Operation("PerCpuStack.drain", () -> stack.drain(_ -> popped.incrementAndGet())),
                new Operation("PerCpuStack.steal", () -> stack.steal(_ -> popped.incrementAndGet())),
                new Operation("PerCpuStack.resize", () -> stack.resize(65)),
                new Operation("PerCpuByteStack.drain", () -> records.drain(_ -> popped.incrementAndGet())),
                new Operation("PerCpuByteStack.steal", () -> records.steal(_ -> popped.incrementAndGet())),
                new Operation("PerCpuByteStack.resize", () -> records.resize(8192)),
                new Operation("PerCpuLock.lock", () -> {
                    lock.lock(0);
                    lock.unlock(0);
                }),
                new Operation("PerCpuLock.tryLock", () -> {
                    if (lock.tryLock(1)) {
                        lock.unlock(1);
                    }
                }),
                new Operation("PerCpuLock.runEach", () -> lock.runEach(_ -> { })),
                new Operation("PerCpuItems.allocate", () -> {
                    item = items.allocate();
                    items.free(item);
                }),
                new Operation("PerCpuItems.free", () -> {
                    robust.free(robustItem);
                    robustItem = robust.allocate();
                }));
    }

    private List<Operation> closings() {
        return List.of(new Operation("PerCpuStack.close", stack::close),
                new Operation("PerCpuByteStack.close", records::close),
                new Operation("PerCpuItems.close", items::close), new Operation("PerCpuItems.close", () -> {
                    robust.free(robustItem);
                    robust.close();
                }));
    }

    private void fill() {
        while (stack.push(1)) { }
        while (records.push(new byte[16], 0, 16)) { }
    }

    /** Returns the state that must not change when an operation is refused. */
    private String state() {
        List<Integer> held = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            int index = lock.tryLock();
            if (index < 0) {
                held.add(i);
            } else {
                lock.unlock(index);
            }
        }
        return stack.size() + " " + stack.capacity() + " " + records.usedBytes() + " " + records.capacityBytes() + " "
                + held + " " + items.stats() + " " + robust.stats() + " " + popped;
    }

    private static void deny(int number) {
        Seccomp.refuse(number, -1, 0, Errno.EPERM);
    }

    /**
     * Runs the child.
     *
     * @param arguments none
     * @throws Exception when it fails
     */
    public static void main(String[] arguments) throws Exception {
        FencesChild child = new FencesChild();
        try (ExecutorService free = Executors.newSingleThreadExecutor()) {
            free.submit(child::fill).get();
            child.items.free(child.item);
            for (Operation each : child.operations()) {
                each.run.run();
            }
            child.fill();
            deny(SystemCall.MEMBARRIER.number());
            for (Operation each : child.operations()) {
                each.run.run();
                System.out.println("walked=" + each.name);
            }
            long before = ManagementFactory.getThreadMXBean().getTotalStartedThreadCount();
            child.lock.runEach(_ -> { });
            System.out.println("fences=" + (ManagementFactory.getThreadMXBean().getTotalStartedThreadCount() - before));
            child.fill();
            deny(SystemCall.SCHED_SETAFFINITY.number());
            List<Operation> all = new ArrayList<>(child.operations());
            all.addAll(child.closings().subList(0, 3));
            for (Operation each : all) {
                String state = child.state();
                String refusal = "none";
                boolean isCallers = false;
                try {
                    each.run.run();
                } catch (RuntimeException e) {
                    refusal = e.toString();
                    isCallers = Arrays.stream(e.getStackTrace())
                            .anyMatch(frame -> frame.getClassName().startsWith(FencesChild.class.getName()));
                }
                System.out.println("refused=" + each.name + " " + (refusal.contains("sched_setaffinity") && isCallers)
                        + " "
                        + state.equals(child.state()) + " " + !MemoryProbe.isAnyBehind(child.stack.arrays()));
            }
            for (Operation each : child.operations()) {
                free.submit(each.run).get();
                System.out.println("again=" + each.name);
            }
            for (Operation each : child.closings()) {
                free.submit(each.run).get();
                System.out.println("closed=" + each.name);
            }
        }
    }
}
