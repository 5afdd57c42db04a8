package io.github.rseq4j.trace.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opens files that a running tracer replaces. */
class RegularFileTest {
    private static final int OPENED = 3000;
    private static final long PAUSE_NANOS = 50_000;

    @Test
    void opensAFileThatAnotherThreadReplacesAllTheTime(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("metadata"), "whole");
        AtomicBoolean isEnding = new AtomicBoolean();
        Thread replacing = Thread.ofPlatform().start(() -> {
            while (!isEnding.get()) {
                try {
                    Path next = Files.writeString(folder.resolve("beside"), "whole");
                    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        });
        try {
            for (int i = 0; i < OPENED; i++) {
                try (FileChannel channel = RegularFile.open(file)) {
                    assertEquals("whole".length(), channel.size());
                }
            }
        } finally {
            isEnding.set(true);
            replacing.join();
        }
    }
}
