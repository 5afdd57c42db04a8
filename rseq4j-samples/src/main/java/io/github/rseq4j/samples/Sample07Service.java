package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

/**
 * A traced service: a shop with HTTP, JSON, a database and locks, on virtual threads, and the clients that load it.
 * Most orders take less than a millisecond. Some take a hundred times as long, and the trace shows why;
 * docs/tracing.md, "Find the slow request in two minutes", leads to the reason. The sample prints:
 *
 * <pre>
 * {ORDER=219, VIEW=75, REPORT=1, INVALID=5}
 * discarded 0, lost 0
 * </pre>
 */
public final class Sample07Service {
    private static final int REQUESTS = 3000;
    private static final int FEW = 300;
    private static final int WARM_UP = 200;

    private Sample07Service() {}

    /**
     * Runs the service, and then prints the number of requests that were answered as expected.
     *
     * @param arguments the folder of the trace, and the number of requests (default 3,000); without a folder, 300
     *     requests are sent and the trace is removed
     * @throws IOException if the trace cannot be written
     * @throws SQLException if the database fails
     * @throws InterruptedException if the thread is interrupted
     * @throws ExecutionException if a client fails
     */
    public static void main(String[] arguments)
            throws IOException, SQLException, InterruptedException, ExecutionException {
        if (arguments.length > 0) {
            Path trace = run(Path.of(arguments[0]), arguments.length > 1 ? Integer.parseInt(arguments[1]) : REQUESTS);
            System.out.println("./rseq4j trace report " + trace + " --html shop.html");
            return;
        }
        Path temporary = Files.createTempDirectory("rseq4j-sample");
        run(temporary.resolve("trace"), FEW);
        try (Stream<Path> files = Files.walk(temporary)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static Path run(Path folder, int requests)
            throws IOException, SQLException, InterruptedException, ExecutionException {
        Tracer tracer = Tracer.streaming(folder);
        try (tracer) {
            ShopEvents events = ShopEvents.of(tracer);
            try (ShopDatabase database = new ShopDatabase(events.queries());
                    ShopServer server = new ShopServer(database, events)) {
                // A cold JVM is slow for reasons of its own.
                tracer.disable("*");
                ShopLoad.run(server.address(), WARM_UP);
                tracer.enable("*");
                Map<ShopLoad.Kind, Integer> answered = ShopLoad.run(server.address(), requests);
                System.out.println(answered);
            }
        }
        TracerStats stats = tracer.stats();
        System.out.println("discarded " + stats.discarded() + ", lost " + stats.lost());
        return tracer.folder();
    }
}
