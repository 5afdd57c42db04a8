package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.text.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts events over time, in lanes that share their steps of time. */
final class TraceLanes {
    /* How it works
     *
     * The length of a trace is known only at its end. A step is one nanosecond at first. When an event comes after the
     * last step, the steps become twice as long, and in every lane each two neighbouring steps become one. So the trace
     * is read once, and the memory is the number of lanes times the number of steps.
     */
    /** The number of steps. */
    static final int STEPS = 2048;
    /** The lane of all events that have no lane of their own. */
    static final String OTHERS = "others";

    private static final int LANE_BYTES = 16 * STEPS * Integer.BYTES;

    private final int maxLanes;
    private final Map<String, int[]> lanes = new LinkedHashMap<>();
    private long stepNanos = 1;

    /** @param maxLanes the most lanes, fewer in a small heap; one more lane has all other events */
    TraceLanes(int maxLanes) {
        this.maxLanes = (int) Math.min(maxLanes, Runtime.getRuntime().maxMemory() / LANE_BYTES);
    }

    /**
     * Counts an event.
     *
     * @param lane the name of the lane
     * @param nanos the time since the first event, in nanoseconds
     */
    void add(String lane, long nanos) {
        while (nanos / stepNanos >= STEPS) {
            stepNanos *= 2;
            lanes.values().forEach(TraceLanes::fold);
        }
        int[] steps = lanes.get(lane);
        if (steps == null) {
            steps = lanes.computeIfAbsent(lanes.size() < maxLanes ? lane : OTHERS, _ -> new int[STEPS]);
        }
        steps[(int) (nanos / stepNanos)]++;
    }

    private static void fold(int[] steps) {
        for (int i = 0; i < STEPS / 2; i++) {
            steps[i] = steps[2 * i] + steps[2 * i + 1];
        }
        Arrays.fill(steps, STEPS / 2, STEPS, 0);
    }

    long stepNanos() {
        return stepNanos;
    }

    private record Lane(String name, int[] steps, long count) {}

    /**
     * Writes the lanes with the most events as JSON objects. Each has a list of its steps that are not empty: the
     * number of a step, then its count. The other lanes are added up in one.
     *
     * @param json the target
     * @param most the most lanes
     */
    void write(Json json, int most) throws IOException {
        List<Lane> all = new ArrayList<>();
        lanes.forEach((name, steps) -> all.add(new Lane(name, steps, Arrays.stream(steps).asLongStream().sum())));
        all.sort(Comparator.comparing((Lane lane) -> lane.name().equals(OTHERS))
                .thenComparing(Comparator.comparingLong(Lane::count).reversed()));
        int[] others = new int[STEPS];
        json.beginArray();
        for (int i = 0; i < all.size(); i++) {
            Lane lane = all.get(i);
            if (i < most && !lane.name().equals(OTHERS)) {
                write(json, lane.name(), lane.steps());
            } else {
                Arrays.setAll(others, step -> others[step] + lane.steps()[step]);
            }
        }
        if (Arrays.stream(others).anyMatch(count -> count != 0)) {
            write(json, OTHERS, others);
        }
        json.endArray();
    }

    private static void write(Json json, String name, int[] steps) throws IOException {
        json.beginObject();
        json.entry("name", name);
        json.name("steps");
        json.beginArray();
        for (int i = 0; i < STEPS; i++) {
            if (steps[i] != 0) {
                json.value(i);
                json.value(steps[i]);
            }
        }
        json.endArray();
        json.endObject();
    }
}
