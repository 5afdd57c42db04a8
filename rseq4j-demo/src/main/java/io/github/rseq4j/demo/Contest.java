package io.github.rseq4j.demo;

import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.demo.load.Load;
import io.github.rseq4j.demo.load.LoadResult;
import io.github.rseq4j.demo.service.Sample;
import io.github.rseq4j.demo.service.ServiceMain;
import io.github.rseq4j.demo.service.SlowRequest;
import io.github.rseq4j.demo.side.Sides;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The turns: one service for each side, which all stay, and the same load for each of them in turn. */
final class Contest implements AutoCloseable {
    /* How it works
     *
     * Each side has a JVM of its own, so that no side's classes are compiled for the uses of another one, and so that
     * CPU time and allocation are those of a process. The load runs in this process: none of its cost is counted. All
     * JVMs stay; those that have no turn are idle. A turn is
     *
     *   1. the service's counts are read, and the trigger of a snapshot is armed
     *   2. the load runs until its end, and the last answer is waited for
     *   3. the service's counts are read, and then its recorder, which is compared with the client's count
     *
     * So reading the counts and the recorder is not a part of the figures, but the snapshot of a slow request is: one
     * in each turn, on each side.
     */
    private static final int ROUNDS = 5;
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(4);
    private static final long TICK_MILLIS = 100;

    private final Load load;
    private final TemporaryFiles files;
    private final int rounds;
    private final long turnNanos;
    private final long warmUpNanos;
    private final Map<Sides, ServiceProcess> services = new EnumMap<>(Sides.class);
    private final Map<Sides, LoadResult> all = new EnumMap<>(Sides.class);
    private final Map<Sides, List<Turn>> turns = new EnumMap<>(Sides.class);
    private final Totals totals = new Totals();
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
        turnNanos = TimeUnit.SECONDS.toNanos(seconds) / rounds;
        warmUpNanos = Math.min(WARM_UP_NANOS, turnNanos * 2);
        lastSlow = files.path("none");
        try {
            for (Sides side : Sides.values()) {
                ServiceProcess service = new ServiceProcess(side, files.folder(side.name()), files);
                services.put(side, service);
                all.put(side, new LoadResult());
                turns.put(side, new ArrayList<>());
            }
        } catch (Throwable t) {
            close();
            throw t;
        }
    }

    private ServiceProcess service(Sides side) {
        return Objects.requireNonNull(services.get(side));
    }

    /** Returns the number of turns of each side. */
    int rounds() {
        return rounds;
    }

    /** Returns the time of a turn, in nanoseconds. */
    long turnNanos() {
        return turnNanos;
    }

    /** Returns what the per-CPU structures of our side run on. */
    String engine() {
        return service(Sides.RSEQ4J).engine();
    }

    /** Returns the turns of a side, in their order. */
    List<Turn> turns(Sides side) {
        return Objects.requireNonNull(turns.get(side));
    }

    /** Returns the differences of totals. */
    List<String> differences() {
        return totals.differences();
    }

    /** Warms all services up, and then runs all turns. */
    void run() throws IOException, InterruptedException {
        long ticks = TimeUnit.NANOSECONDS.toMillis(Sides.values().length * (warmUpNanos + rounds * turnNanos));
        try (Progress progress = Progress.ofMillis("load", ticks)) {
            for (Sides side : Sides.values()) {
                Objects.requireNonNull(all.get(side)).add(run(side, "warm-up", warmUpNanos, progress));
            }
            for (int round = 1; round <= rounds; round++) {
                for (Sides side : Sides.values()) {
                    turns(side).add(turn(side, round, progress));
                }
            }
        }
        for (Sides side : Sides.values()) {
            ServiceProcess service = service(side);
            totals.check(side, Objects.requireNonNull(all.get(side)), service.ask("sample", Sample.class),
                    load.text(service.address().resolve("metrics")));
        }
    }

    private Turn turn(Sides side, int round, Progress progress) throws IOException, InterruptedException {
        ServiceProcess service = service(side);
        Path slowPath = files.path("slow-" + side + "-" + round);
        ServiceMain.Done _ = service.ask("arm " + slowPath, ServiceMain.Done.class);
        Sample before = service.ask("sample", Sample.class);
        LoadResult result = run(side, "turn " + round + " of " + rounds, turnNanos, progress);
        Sample after = service.ask("sample", Sample.class);
        Objects.requireNonNull(all.get(side)).add(result);
        SlowRequest slow = service.ask("slow", SlowRequest.class);
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

    /** Runs the load, and shows its progress meanwhile. */
    private LoadResult run(Sides side, String what, long nanos, Progress progress) throws InterruptedException {
        FutureTask<LoadResult> running = new FutureTask<>(() -> load.run(service(side).address(), nanos));
        Thread thread = Thread.ofPlatform().name("load").daemon().start(running);
        long start = System.nanoTime();
        long first = load.sent();
        long shownMillis = 0;
        while (true) {
            try {
                LoadResult result = running.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
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
