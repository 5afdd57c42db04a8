package io.github.rseq4j.cli.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputTest {
    private static final List<Supplier<ByteCount>> CONTESTANTS = List.of(ByteCount.Plain::new, ByteCount.PerCpu::new,
            ByteCount.Adders::new, ByteCount.Atomics::new);

    @TempDir
    private Path folder = Path.of("");

    private static long[] expected(byte[] content) {
        long[] counts = new long[ByteCount.VALUES + 1];
        for (byte each : content) {
            counts[Byte.toUnsignedInt(each)]++;
        }
        counts[ByteCount.VALUES] = counts['\n'];
        return counts;
    }

    /** Sizes near a chunk of 64 KiB and a segment of 1 MiB. */
    @ParameterizedTest
    @ValueSource(ints = {1, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577, 5_000_000})
    void everyContestantCountsEverySizeExactly(int sizeBytes) throws Exception {
        long seed = System.nanoTime();
        byte[] content = new byte[sizeBytes];
        new Random(seed).nextBytes(content);
        Input input = new Input(List.of(Files.write(folder.resolve("random"), content)));
        assertEquals(sizeBytes, input.bytes());
        for (Supplier<ByteCount> contestant : CONTESTANTS) {
            ByteCount count = contestant.get();
            LongAdder progress = new LongAdder();
            if (count instanceof ByteCount.Plain) {
                input.countAlone(count, progress::add);
            } else {
                input.countTogether(count, progress::add);
            }
            assertArrayEquals(expected(content), count.counts(), count.name() + ", seed=" + seed);
            assertEquals(sizeBytes, progress.sum(), count.name());
        }
    }

    @Test
    void refusesAFileThatBecomesShorter() throws IOException {
        Path file = Files.write(folder.resolve("shrinks"), new byte[100]);
        Input input = new Input(List.of(file));
        Files.write(file, new byte[50]);
        InputException refused =
                assertThrows(InputException.class, () -> input.countTogether(new ByteCount.Plain(), _ -> { }));
        assertEquals("path=" + file + " became shorter while it was read; use a file that no process writes",
                refused.getMessage());
    }

    @Test
    void passesAnErrorOfAThreadToTheCaller() throws IOException {
        Input input = new Input(List.of(Files.write(folder.resolve("file"), new byte[1])));
        Error error = new OutOfMemoryError("no room");
        assertSame(error, assertThrows(OutOfMemoryError.class, () -> input.countTogether(new ByteCount.Plain(), _ -> {
            throw error;
        })));
    }

    /** Root may read every file, so the test makes the exception of the file system itself. */
    @Test
    void namesADeniedFileWithoutAClassName() {
        InputException refused = Input.unreadable(Path.of("all"),
                new UncheckedIOException(new AccessDeniedException("all/secret")));
        assertEquals("path=all/secret cannot be read: permission denied; name a readable file or folder",
                refused.getMessage());
    }
}
