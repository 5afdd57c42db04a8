package io.github.rseq4j.samples;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.rseq4j.percpu.PerCpuByteRing;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/**
 * A log: threads push lines to the ring of their CPU, one thread writes them. It drains in a buffer of its own, so that
 * nothing is allocated for a line.
 *
 * <pre>
 * 1000 lines, 13890 bytes, dropped 0
 * </pre>
 */
final class Sample16ByteRing {
    static void main() {
        try (PerCpuByteRing log = new PerCpuByteRing(1 << 16, 256)) {
            LongAdder dropped = new LongAdder();
            IntStream.range(0, 1000).parallel().forEach(i -> {
                byte[] line = ("request " + i + " ok").getBytes(UTF_8);
                if (!log.push(line, 0, line.length)) {
                    dropped.increment();
                }
            });
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            byte[] buffer = new byte[log.maxRecordBytes()];
            int lines = log.drain(buffer, (line, length) -> file.write(line, 0, length));
            System.out.println(lines + " lines, " + file.size() + " bytes, dropped " + dropped);
        }
    }
}
