package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.text.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts of events over time, in lanes that share their steps of time. */
final class TraceLanes {
    /* How it works
     *
     * How long a trace is shows at its end. Steps begin at a nanosecond; when an event lies behind the last step, they
     * are made twice as long, and each two neighbours of every lane become one. So one reading is enough, and memory is
     * the lanes times the steps, whatever the number of events.
     */
    /** How many steps there are. */
    static final int STEPS = 2048;
    /** The lane of all that have none of their own. */
    static final String OTHERS = "others";

    private static final int LANE_BYTES = 16 * STEPS * Integer.BYTES;

    private final int maxLanes;
    private final Map<String, int[]> lanes = new LinkedHashMap<>();
    private long stepNanos = 1;

    /** @param maxLanes how many lanes there are at most, if the heap has room, and one for all others */
    TraceLanes(int maxLanes) {
        this.maxLanes = (int) Math.min(maxLanes, Runtime.getRuntime().maxMemory() / LANE_BYTES);
    }

    /**
     * Counts an event.
     *
     * @param lane whose
     * @param nanos when, since the trace's start
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
     * Writes the lanes as objects of JSON, those with the most events: each with its steps that are not empty, as
     * numbers and counts in turn. The rest become one.
     *
     * @param json where to
     * @param most how many lanes
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
