package io.github.rseq4j.bench.suite;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Measures families round by round. A round measures each row once with each number of threads, so that whatever else
 * the machine does meets all rows of a family alike.
 */
final class Suite {
    private final Plan plan;
    private final List<Measurement> round;
    private final Measurements measurements = new Measurements();
    /** The number of rounds that have ended. */
    private volatile int rounds;

    private record Measurement(Family family, Row row, int threads) {}

    Suite(List<Family> families, Plan plan) {
        this.plan = plan;
        round = families.stream().flatMap(family -> plan.threads(family).stream()
                .flatMap(threads -> family.rows().stream().filter(row -> row.source().has(threads))
                        .map(row -> new Measurement(family, row, threads)))).toList();
    }

    /** {@return the measurements of all rounds} */
    int steps() {
        return round.size() * plan.rounds();
    }

    /** {@return what is measured up to now} */
    Measurements measurements() {
        return measurements;
    }

    /** {@return the number of rounds that have ended} */
    int rounds() {
        return rounds;
    }

    /**
     * Measures while there are rounds and time left.
     *
     * @param progress is told each measurement before it begins
     * @throws IOException if a row of rseq4j or a limit of it fails
     * @throws InterruptedException if this thread is interrupted
     */
    void measure(Consumer<String> progress) throws IOException, InterruptedException {
        long start = System.nanoTime();
        int ended = 0;
        while (ended < plan.rounds() && (ended == 0 || (System.nanoTime() - start) / ended * (ended + 1)
                <= TimeUnit.SECONDS.toNanos(plan.limitSeconds()))) {
            for (Measurement next : round) {
                progress.accept(next.family().name() + ", " + next.row().name() + ", " + next.threads()
                        + (next.threads() == 1 ? " thread" : " threads"));
                measure(next.family(), next.row(), next.threads());
            }
            ended++;
            rounds = ended;
        }
    }

    /** A peer or a limit that fails once is not tried again: it may have taken long. */
    private void measure(Family family, Row row, int threads) throws IOException, InterruptedException {
        if (measurements.missing(family, row) != null) {
            return;
        }
        try {
            measurements.add(family, row, threads, row.source().measure(threads, plan));
        } catch (IOException e) {
            if (row.side() == Side.OURS) {
                throw new IOException(family.name() + ", " + row.name() + ", threads=" + threads + ": "
                        + e.getMessage(), e);
            }
            measurements.addMissing(family, row, String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
        }
    }
}
