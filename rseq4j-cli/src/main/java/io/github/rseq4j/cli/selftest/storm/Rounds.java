package io.github.rseq4j.cli.selftest.storm;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** Runs rounds of all storms, and adds up their outcomes. */
public final class Rounds {
    private static final long MIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Weather weather;
    private final List<Supplier<Storm>> storms = new ArrayList<>();
    private final Map<String, Sum> sums = new LinkedHashMap<>();
    private final Faults faults = new Faults();
    private long expected;
    private long counted;
    private int rounds;

    /** The sum of the outcomes of one storm. */
    private static final class Sum {
        private final Faults faults = new Faults();
        private long operations;
        private long aborts;
        private long signals;
        private long flips;
        private long fences;
        private long nanos;

        void add(Outcome outcome) {
            outcome.wrong().forEach(faults::add);
            operations += outcome.operations();
            aborts += outcome.aborts();
            signals += outcome.signals();
            flips += outcome.flips();
            fences += outcome.fences();
            nanos += outcome.nanos();
        }

        Outcome outcome(String storm) {
            return new Outcome(storm, operations, aborts, faults.list(), signals, flips, fences, nanos);
        }
    }

    /**
     * Creates the storms.
     *
     * @param weather disturbs their threads
     */
    public Rounds(Weather weather) {
        this.weather = weather;
        storms.add(CounterStorm::new);
        storms.addAll(Storms.ofStructures());
    }

    /**
     * Runs one round.
     *
     * @param nanosAll the duration of the round, in nanoseconds; the storm of counters takes half of it
     * @param progress receives the name of each storm before it runs
     * @throws InterruptedException if the calling thread is interrupted
     */
    public void once(long nanosAll, Consumer<String> progress) throws InterruptedException {
        long others = nanosAll / 2 / (storms.size() - 1);
        for (int i = 0; i < storms.size(); i++) {
            Storm storm = storms.get(i).get();
            progress.accept(storm.name());
            run(storm, i == 0 ? nanosAll / 2 : others);
        }
        rounds++;
    }

    /**
     * Runs rounds for a given time. There is at least one complete round, which is as short as possible if no time is
     * left.
     *
     * @param nanosAll the duration of all rounds, in nanoseconds
     * @param nanosEach the duration of a storm in one round, in nanoseconds
     * @param progress receives one line for each round
     * @throws InterruptedException if the calling thread is interrupted
     */
    public void until(long nanosAll, long nanosEach, PrintWriter progress) throws InterruptedException {
        long start = System.nanoTime();
        do {
            for (Supplier<Storm> storm : storms) {
                long slice = Math.min(nanosEach, nanosAll - (System.nanoTime() - start));
                // The first round is complete, so that each storm runs.
                if (slice > MIN_NANOS || rounds == 0) {
                    run(storm.get(), Math.max(slice, MIN_NANOS));
                }
            }
            rounds++;
            progress.println("round " + rounds + ", " + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)
                    + " of " + TimeUnit.NANOSECONDS.toSeconds(nanosAll) + " s: operations=" + total(Outcome::operations)
                    + ", aborts=" + total(Outcome::aborts) + ", wrong=" + faults.list().size());
            progress.flush();
        } while (System.nanoTime() - start < nanosAll && !weather.isStopped());
    }

    private void run(Storm storm, long nanosEach) throws InterruptedException {
        if (weather.isStopped()) {
            return;
        }
        Outcome outcome = weather.run(storm, nanosEach);
        sums.computeIfAbsent(outcome.storm(), _ -> new Sum()).add(outcome);
        outcome.wrong().forEach(fault -> faults.add(outcome.storm() + ": " + fault));
        if (storm instanceof CounterStorm counters) {
            expected += counters.expected();
            counted += counters.counted();
        }
    }

    private long total(ToLongFunction<Outcome> part) {
        return outcomes().stream().mapToLong(part).sum();
    }

    /** Returns the outcome of each storm, added up over all rounds. */
    public List<Outcome> outcomes() {
        return sums.entrySet().stream().map(each -> each.getValue().outcome(each.getKey())).toList();
    }

    /** Returns the faults of all storms. */
    public List<String> wrong() {
        return faults.list();
    }

    /** Returns the number of storms that a round has. */
    public int storms() {
        return storms.size();
    }

    /** Returns the number of rounds. */
    public int rounds() {
        return rounds;
    }

    /**
     * Adds the outcomes to a report: first of the counters and the disturbances, then of each storm.
     *
     * @param report the report
     */
    public void report(Map<String, Object> report) {
        report.put("updates", outcomes().stream().filter(each -> each.storm().equals(CounterStorm.NAME))
                .mapToLong(Outcome::operations).sum());
        report.put("expected", expected);
        report.put("counted", counted);
        report.put("wrong", wrong());
        report.put("signals", total(Outcome::signals));
        report.put("affinityFlips", total(Outcome::flips));
        report.put("fences", total(Outcome::fences));
        report.put("storms", outcomes().stream().map(Rounds::part).toList());
    }

    private static Map<String, Object> part(Outcome outcome) {
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("storm", outcome.storm());
        part.put("operations", outcome.operations());
        part.put("aborts", outcome.aborts());
        part.put("wrong", outcome.wrong());
        return part;
    }

    /** Returns the number of signals per second. */
    public long signalsPerSecond() {
        long nanos = total(Outcome::nanos);
        return nanos == 0 ? 0 : Math.round(total(Outcome::signals) * 1e9 / nanos);
    }
}
