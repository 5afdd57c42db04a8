package io.github.rseq4j.bench.suite;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Measures families round by round. A round measures each row once with each number of threads. The rows of a family
 * follow one another, so other load on the machine slows all of them.
 */
final class Suite {
    /** The time in which this process learns that Ctrl-C has ended a process that measures. */
    private static final int SIGNAL_MILLIS = 200;

    private final Plan plan;
    private final List<Measurement> round;
    private final Measurements measurements = new Measurements();
    private volatile boolean isStopped;
    private int rounds;
    private @Nullable String ended;

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

    /** {@return the measurements up to now} */
    Measurements measurements() {
        return measurements;
    }

    /** {@return the number of whole rounds} */
    int rounds() {
        return rounds;
    }

    /** {@return why the run ended in the middle of a round, or null} */
    @Nullable String ended() {
        return ended;
    }

    /** Ends the run after the measurement that is under way, which may fail. Any thread may call this. */
    void stop() {
        isStopped = true;
    }

    /**
     * Measures until all rounds are done or the time is over. A round that would end after that time does not begin.
     *
     * @param progress gets the name of each measurement before it begins
     * @throws IOException if a row of rseq4j fails
     * @throws InterruptedException if this thread is interrupted
     */
    void measure(Consumer<String> progress) throws IOException, InterruptedException {
        long start = System.nanoTime();
        long limit = TimeUnit.SECONDS.toNanos(plan.limitSeconds());
        while (rounds < plan.rounds()
                && (rounds == 0 || (System.nanoTime() - start) / rounds * (rounds + 1) <= limit)) {
            for (Measurement next : round) {
                if (isStopped || System.nanoTime() - start > limit) {
                    ended = (isStopped ? "interrupted" : "the time was over") + " in round " + (rounds + 1);
                    return;
                }
                progress.accept(next.family().name() + ", " + next.row().name() + ", "
                        + Numbers.threads(next.threads()));
                measure(next.family(), next.row(), next.threads());
            }
            rounds++;
        }
    }

    /** Measures a row. A peer or a limit that fails is not measured again, because a failure can take long. */
    private void measure(Family family, Row row, int threads) throws IOException, InterruptedException {
        if (measurements.missing(family, row) != null) {
            return;
        }
        try {
            measurements.add(family, row, threads, row.source().measure(threads, plan));
        } catch (IOException | IllegalStateException e) {
            Thread.sleep(SIGNAL_MILLIS);
            if (isStopped) {
                return;
            }
            if (row.side() == Side.OURS) {
                throw new IOException(family.name() + ", " + row.name() + ", threads=" + threads + ": "
                        + e.getMessage(), e);
            }
            measurements.addMissing(family, row, String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
        }
    }
}
