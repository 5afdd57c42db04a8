package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a trace's files hold, reading ends, throws nothing and yields no more than they can hold. */
class FuzzedTraceTest {
    private static final int TRACES = 10;
    private static final int MUTATIONS = 200;

    /** Changes bytes: flips bits, cuts, inserts, repeats, or overwrites a word with one that is extreme. */
    static byte[] mutated(byte[] bytes, Random random) {
        byte[] mutant = bytes.clone();
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count && mutant.length > 8; i++) {
            int at = random.nextInt(mutant.length - 8);
            switch (random.nextInt(5)) {
                case 0 -> mutant[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> mutant = Arrays.copyOf(mutant, at);
                case 2 -> {
                    int more = 1 + random.nextInt(40);
                    byte[] longer = Arrays.copyOf(mutant, mutant.length + more);
                    System.arraycopy(mutant, at, longer, at + more, mutant.length - at);
                    mutant = longer;
                }
                case 3 -> Arrays.fill(mutant, at, at + 1 + random.nextInt(8), (byte) (random.nextBoolean() ? -1 : 0));
                default -> {
                    // The headers of the first packet, where sizes are.
                    int word = Math.min(8 * random.nextInt(PacketLayout.RECORDS / 8), mutant.length - 8);
                    mutant[word + random.nextInt(8)] = (byte) random.nextInt();
                }
            }
        }
        return mutant;
    }

    private static long readAll(Path folder) {
        long events = 0;
        try (TraceReader reader = new TraceReader(folder)) {
            while (reader.next() != null) {
                events++;
            }
            assertTrue(reader.problems().size() <= Problems.MAX_KEPT);
        }
        return events;
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void readsMutants(@TempDir Path folder) throws IOException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int i = 0; i < TRACES; i++) {
            Path trace = folder.resolve("t" + i);
            new RandomTraces(random, true).write(trace, 200, TraceFormat.values()[i % 2]);
            List<Path> files;
            try (Stream<Path> all = Files.list(trace)) {
                files = all.sorted().toList();
            }
            for (int m = 0; m < MUTATIONS; m++) {
                Path file = files.get(random.nextInt(files.size()));
                byte[] bytes = Files.readAllBytes(file);
                Files.write(file, mutated(bytes, random));
                long all = 0;
                for (Path each : files) {
                    all += Files.size(each);
                }
                try {
                    long events = readAll(trace);
                    assertTrue(events <= all / PacketLayout.RECORD_FIELDS, events + " events of " + all + " bytes");
                } catch (RuntimeException | Error e) {
                    throw new AssertionError("seed=" + seed + " trace=" + i + " mutation=" + m, e);
                }
                Files.write(file, bytes);
            }
        }
    }
}
