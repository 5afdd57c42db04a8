package io.github.rseq4j.samples;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.rseq4j.percpu.PerCpuByteStack;
import java.util.ArrayList;
import java.util.List;

/**
 * Records of bytes, the newest of each CPU first: the last requests of a service, for a page that shows them. A record
 * that does not fit is refused, so the thread removes the records first.
 *
 * <pre>
 * 3 requests, GET /2 among them: true
 * nothing is left: true
 * </pre>
 */
final class Sample14ByteStack {
    static void main() {
        try (PerCpuByteStack requests = new PerCpuByteStack(4096, 64)) {
            for (int i = 1; i <= 3; i++) {
                byte[] record = ("GET /" + i).getBytes(UTF_8);
                if (!requests.push(record, 0, record.length)) {
                    System.out.println("full");
                }
            }
            List<String> shown = new ArrayList<>();
            requests.drain(record -> shown.add(new String(record, UTF_8)));
            System.out.println(shown.size() + " requests, GET /2 among them: " + shown.contains("GET /2"));
            System.out.println("nothing is left: " + (requests.pop(new byte[64], 0) == PerCpuByteStack.EMPTY));
        }
    }
}
