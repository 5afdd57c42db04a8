package io.github.rseq4j.samples;

import java.nio.file.Path;

/**
 * A traced service: a shop with HTTP, JSON, a database and locks, on virtual threads, and the clients that load it.
 * Most orders take less than a millisecond. Some take a hundred times as long, and the trace shows why;
 * docs/tracing.md, "Find the slow request in two minutes", leads to the reason. The parts of the shop are the classes
 * {@code Shop...}. The sample prints:
 *
 * <pre>
 * {ORDER=219, VIEW=75, REPORT=1, INVALID=5}
 * discarded 0, lost 0
 * </pre>
 */
final class Sample07Service {
    private static final int REQUESTS = 3000;
    private static final int FEW = 300;

    /**
     * Runs the service.
     *
     * @param arguments the folder of the trace, and the number of requests (default 3,000); without a folder, 300
     *     requests are sent and the trace is removed
     */
    static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            Path trace = ShopRun.run(Path.of(arguments[0]),
                    arguments.length > 1 ? Integer.parseInt(arguments[1]) : REQUESTS);
            System.out.println("./rseq4j trace report " + trace + " --html shop.html");
            return;
        }
        try (Temporary temporary = Temporary.folder()) {
            ShopRun.run(temporary.inside("trace"), FEW);
        }
    }
}
