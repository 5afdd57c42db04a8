package io.github.rseq4j.percpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * The child JVM of {@link DroppedMemoryTest}: makes large structures, fills and drops them, and prints its greatest use
 * of memory. It makes few objects on the heap, so that the JVM starts no collection by itself.
 */
public final class DroppedChild {
    private static final int RECORD = 4096;
    private static final int PAGE = 4096;

    private DroppedChild() {}

    /**
     * Runs the child.
     *
     * @param arguments none
     * @throws IOException when /proc cannot be read
     */
    public static void main(String[] arguments) throws IOException {
        byte[] record = new byte[RECORD];
        drop("rings", 3000, _ -> {
            PerCpuByteRing ring = new PerCpuByteRing(1 << 19, RECORD);
            while (ring.push(record, 0, RECORD)) { }
        });
        drop("stacks", 1500, _ -> {
            PerCpuByteStack stack = new PerCpuByteStack(1 << 18, RECORD);
            while (stack.push(record, 0, RECORD)) { }
        });
        drop("items", 700, _ -> {
            PerCpuItems items = new PerCpuItems(1 << 18);
            for (int i = 0; i < 4; i++) {
                touch(items, items.allocate());
            }
        });
        drop("small", 5000, _ -> touch(new PerCpuItems(64), 0));
        ItemOptions options = ItemOptions.defaults().withTemplate(new byte[] {1});
        drop("templates", 500, _ -> touch(new PerCpuItems(1 << 16, options), 0));
        System.out.println("ended=true");
    }

    private static void touch(PerCpuItems items, long item) {
        long touched = item == 0 ? items.allocate() : item;
        for (int index = 0; index < items.copies(); index++) {
            for (int at = 0; at < items.itemBytes(); at += PAGE) {
                items.putLong(touched, index, at, 1);
            }
        }
    }

    private static void drop(String name, int count, IntConsumer maker) throws IOException {
        long most = 0;
        for (int i = 0; i < count; i++) {
            maker.accept(i);
            most = i % 20 == 0 ? Math.max(most, rssKib()) : most;
        }
        System.out.println(name + ".rssMib=" + (most >> 10));
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            System.out.println(name + ".descriptors=" + files.count());
        }
    }

    private static long rssKib() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/status"));
        return lines.stream().filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElseThrow();
    }
}
