package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** For any content of a trace's files, the commands end with 0 or 2, and print only lines of their own. */
class TraceFuzzTest {
    private static final int MUTATIONS = 1000;
    private static final List<String> FILES = List.of("metadata", "channel_0", "channel_1");

    private static byte[] mutated(byte[] bytes, Random random) {
        byte[] mutant = bytes.clone();
        for (int i = random.nextInt(3); i >= 0 && mutant.length > 16; i--) {
            int at = random.nextInt(random.nextBoolean() ? mutant.length - 8 : Math.min(mutant.length - 8, 120));
            switch (random.nextInt(4)) {
                case 0 -> mutant[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> mutant = Arrays.copyOf(mutant, at + 8);
                case 2 -> {
                    byte[] longer = Arrays.copyOf(mutant, mutant.length + 1 + random.nextInt(9));
                    System.arraycopy(mutant, at, longer, at + longer.length - mutant.length, mutant.length - at);
                    mutant = longer;
                }
                default -> mutant[at] = (byte) random.nextInt();
            }
        }
        return mutant;
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void commandsSurviveMutatedTraces(@TempDir Path folder) throws IOException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        Path trace = SampleTrace.write(folder.resolve("t"), 30);
        for (int m = 0; m < MUTATIONS; m++) {
            String at = "seed=" + seed + " mutation=" + m;
            Path file = trace.resolve(FILES.get(random.nextInt(FILES.size())));
            byte[] bytes = Files.readAllBytes(file);
            Files.write(file, mutated(bytes, random));
            Run run = switch (m % 4) {
                case 0 -> Run.of("trace", "summary", trace.toString());
                case 1 -> Run.of("trace", "convert", trace.toString(), "--to=chrome");
                case 2 -> Run.of("trace", "view", trace.toString(), "--json");
                default -> Run.of("trace", "view", trace.toString());
            };
            assertTrue(run.exit() == (run.err().isEmpty() ? 0 : 4), at + ": " + run.exit() + " " + run.err());
            run.err().lines().forEach(line -> assertTrue(line.startsWith("rseq4j: "), at + ": " + line));
            assertFalse(run.err().contains("Exception") || run.err().contains("Error"), at + ": " + run.err());
            assertFalse(run.out().chars().anyMatch(c -> c < ' ' && c != '\n'), at + ": control character");
            Files.write(file, bytes);
        }
    }
}
