package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerStats;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;

/** A traced run of the shop. */
final class ShopRun {
    private static final int WARM_UP = 200;

    private ShopRun() {}

    /**
     * Runs the shop under load, and prints the number of requests that were answered as expected.
     *
     * @param folder the folder of the trace
     * @param requests the number of requests
     * @return the folder that has the trace
     * @throws IOException if the trace cannot be written
     * @throws SQLException if the database fails
     * @throws InterruptedException if the thread is interrupted
     * @throws ExecutionException if a client fails
     */
    static Path run(Path folder, int requests)
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
                System.out.println(ShopLoad.run(server.address(), requests));
            }
        }
        TracerStats stats = tracer.stats();
        System.out.println("discarded " + stats.discarded() + ", lost " + stats.lost());
        return tracer.folder();
    }
}
