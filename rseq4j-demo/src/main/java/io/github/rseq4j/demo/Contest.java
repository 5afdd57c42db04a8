package io.github.rseq4j.demo;

import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.demo.load.Load;
import io.github.rseq4j.demo.load.LoadResult;
import io.github.rseq4j.demo.load.Schedule;
import io.github.rseq4j.demo.service.Sample;
import io.github.rseq4j.demo.service.ServiceMain;
import io.github.rseq4j.demo.service.SlowRequest;
import io.github.rseq4j.demo.side.Sides;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The turns: one service for each side, which all stay, and the same load for each of them in turn. */
final class Contest implements AutoCloseable {
    /* How it works
     *
     * Each side has a JVM of its own, so that no side's classes are compiled for the uses of another one, and so that
     * CPU time and allocation are those of a process. The load runs in this process: none of its cost is counted. All
     * JVMs stay; those that have no turn are idle. After a warm-up there are two phases of some rounds each, and in
     * each round a turn of each side:
     *
     *   capacity: a third of the time; clients that send as fast as they are answered
     *   latency: the rest; documents that arrive by a schedule, at half of the capacity of the slowest side
     *
     * At the same rate for all sides the latencies are those of equal work. At half of the capacity a service has time
     * left, so a latency is not the length of a queue that grows. A turn is
     *
     *   1. the service's counts are read, and, for latency, the trigger of a snapshot is armed
     *   2. the load runs until its end, and the last answer is waited for
     *   3. the service's counts are read, and then its recorder, which is compared with the client's count
     *
     * So reading the counts and the recorder is not a part of the figures, but the snapshot of a slow request is: one
     * in each turn for latency, on each side. A load that is told to stop ends the contest: its turn is dropped, and so
     * is its round, whose turns lack those of the other sides. All its requests are counted in the totals.
     */
    private static final int ROUNDS = 5;
    private static final int CAPACITY_PART = 3;
    private static final double LATENCY_SHARE = 0.5;
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(9);
    private static final int WARM_UP_TURNS = 3;
    private static final long TICK_MILLIS = 100;

    private final Load load;
    private final TemporaryFiles files;
    private final int rounds;
    private final Map<Phase, Long> turnNanos = new EnumMap<>(Phase.class);
    private final long warmUpNanos;
    private final Map<Sides, ServiceProcess> services = new EnumMap<>(Sides.class);
    private final Map<Sides, LoadResult> all = new EnumMap<>(Sides.class);
    private final Map<Phase, Map<Sides, List<Turn>>> turns = new EnumMap<>(Phase.class);
    private final Totals totals = new Totals();
    private @Nullable Schedule schedule;
    private Path lastSlow;

    /**
     * Starts the services.
     *
     * @param load the load
     * @param files the folder for the services' files
     * @param seconds the time of load for each side, in seconds
     */
    Contest(Load load, TemporaryFiles files, int seconds) throws IOException, InterruptedException {
        this.load = load;
        this.files = files;
        rounds = Math.min(ROUNDS, seconds);
        long nanos = TimeUnit.SECONDS.toNanos(seconds) / rounds;
        turnNanos.put(Phase.CAPACITY, nanos / CAPACITY_PART);
        turnNanos.put(Phase.LATENCY, nanos - nanos / CAPACITY_PART);
        warmUpNanos = Math.min(WARM_UP_NANOS, nanos * WARM_UP_TURNS);
        lastSlow = files.path("none");
        for (Phase phase : Phase.values()) {
            Map<Sides, List<Turn>> ofSides = new EnumMap<>(Sides.class);
            Stream.of(Sides.values()).forEach(side -> ofSides.put(side, new ArrayList<>()));
            turns.put(phase, ofSides);
        }
        try {
            for (Sides side : Sides.values()) {
                services.put(side, new ServiceProcess(side, files.folder(side.name()), files));
                all.put(side, new LoadResult());
            }
        } catch (Throwable t) {
            close();
            throw t;
        }
    }

    private ServiceProcess service(Sides side) {
        return Objects.requireNonNull(services.get(side));
    }

    /** Returns the number of rounds of each phase. */
    int rounds() {
        return rounds;
    }

    /** Returns whether all rounds were complete; otherwise the load was told to stop. */
    boolean isComplete() {
        return turns(Phase.LATENCY, Sides.RSEQ4J).size() == rounds;
    }

    /** Returns the time of a turn, in nanoseconds. */
    long turnNanos(Phase phase) {
        return Objects.requireNonNull(turnNanos.get(phase));
    }

    /** Returns the schedule of each turn for latency, or null before the capacities are known. */
    @Nullable Schedule schedule() {
        return schedule;
    }

    /** Returns what the per-CPU structures of our side run on. */
    String engine() {
        return service(Sides.RSEQ4J).engine();
    }

    /** Returns the turns of a side in complete rounds, in their order. */
    List<Turn> turns(Phase phase, Sides side) {
        return Objects.requireNonNull(Objects.requireNonNull(turns.get(phase)).get(side));
    }

    /** Returns the median of a side's turns. */
    double median(Measure measure, Sides side) {
        return Ratio.median(turns(measure.phase(), side).stream().mapToDouble(measure::of).sorted().toArray());
    }

    /** Returns the side with the smallest capacity. */
    Sides slowest() {
        return Collections.min(List.of(Sides.values()),
                Comparator.comparingDouble(side -> median(Measure.RATE, side)));
    }

    /** Returns the differences of totals. */
    List<String> differences() {
        return totals.differences();
    }

    /** Warms all services up, runs all turns, and checks the totals. */
    void run() throws IOException, InterruptedException {
        long nanos = warmUpNanos + rounds * (turnNanos(Phase.CAPACITY) + turnNanos(Phase.LATENCY));
        try (Progress progress = Progress.ofMillis("load",
                TimeUnit.NANOSECONDS.toMillis(Sides.values().length * nanos))) {
            for (Sides side : Sides.values()) {
                LoadResult _ = run(side, "warm-up", warmUpNanos, progress,
                        () -> load.run(service(side).address(), warmUpNanos));
            }
            for (Phase phase : Phase.values()) {
                if (phase == Phase.LATENCY && !load.isStopped()) {
                    schedule = new Schedule(Math.max(1, LATENCY_SHARE * median(Measure.RATE, slowest())),
                            turnNanos(phase));
                }
                for (int round = 1; round <= rounds && !load.isStopped(); round++) {
                    round(phase, round, progress);
                }
            }
        }
        for (Sides side : Sides.values()) {
            ServiceProcess service = service(side);
            totals.check(side, Objects.requireNonNull(all.get(side)), service.ask("sample", Sample.class),
                    load.text(service.address().resolve("metrics")));
        }
    }

    private void round(Phase phase, int number, Progress progress) throws IOException, InterruptedException {
        Map<Sides, Turn> done = new EnumMap<>(Sides.class);
        for (Sides side : Sides.values()) {
            Turn turn = turn(phase, side, number, progress);
            if (turn == null) {
                return;
            }
            done.put(side, turn);
        }
        done.forEach((side, turn) -> turns(phase, side).add(turn));
    }

    /** Returns a turn, or null if the load was told to stop. */
    private @Nullable Turn turn(Phase phase, Sides side, int round, Progress progress)
            throws IOException, InterruptedException {
        ServiceProcess service = service(side);
        Path slowPath = files.path("slow-" + side + "-" + round);
        ServiceMain.Done _ = service.ask("forget", ServiceMain.Done.class);
        Schedule times = phase == Phase.LATENCY ? Objects.requireNonNull(schedule) : null;
        if (times != null) {
            ServiceMain.Done _ = service.ask("arm " + slowPath, ServiceMain.Done.class);
        }
        Sample before = service.ask("sample", Sample.class);
        LoadResult result = run(side, phase.title() + " " + round + " of " + rounds, turnNanos(phase), progress,
                () -> times == null ? load.run(service.address(), turnNanos(phase))
                : load.run(service.address(), times));
        Sample after = service.ask("sample", Sample.class);
        SlowRequest slow = service.ask("slow", SlowRequest.class);
        if (load.isStopped()) {
            return null;
        }
        Path held = files.path("held");
        ServiceMain.Done _ = service.ask("snapshot " + held, ServiceMain.Done.class);
        Turn turn = new Turn(result, before, after, side == Sides.RSEQ4J ? HeldEvents.ofTrace(held, before, after)
                : HeldEvents.ofRecording(held, before, after), slow);
        TemporaryFiles.delete(held);
        totals.check(side, turn);
        if (slow.snapshot() != null) {
            // The page shows the last one of our side. The others were taken because that costs time on each side.
            TemporaryFiles.delete(side == Sides.RSEQ4J ? lastSlow : slowPath);
            lastSlow = side == Sides.RSEQ4J ? slowPath : lastSlow;
        }
        return turn;
    }

    /** Runs the load, adds its counts to those of the side, and shows its progress meanwhile. */
    private LoadResult run(Sides side, String what, long nanos, Progress progress, Callable<LoadResult> running)
            throws InterruptedException {
        FutureTask<LoadResult> task = new FutureTask<>(running);
        Thread thread = Thread.ofPlatform().name("load").daemon().start(task);
        long start = System.nanoTime();
        long first = load.sent();
        long shownMillis = 0;
        while (true) {
            try {
                LoadResult result = task.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
                Objects.requireNonNull(all.get(side)).add(result);
                progress.accept((int) (TimeUnit.NANOSECONDS.toMillis(nanos) - shownMillis));
                return result;
            } catch (TimeoutException e) {
                long passed = System.nanoTime() - start;
                long millis = Math.min(TimeUnit.NANOSECONDS.toMillis(Math.min(passed, nanos)), shownMillis + 1000);
                progress.accept((int) (millis - shownMillis));
                shownMillis = millis;
                progress.say(String.format(Locale.ROOT, "%s, %s: %,.0f requests/s", side.title(), what,
                        (load.sent() - first) / (passed / 1e9)));
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                thread.interrupt();
                throw e;
            }
        }
    }

    @Override
    public void close() throws IOException {
        for (ServiceProcess each : services.values()) {
            each.close();
        }
    }
}
