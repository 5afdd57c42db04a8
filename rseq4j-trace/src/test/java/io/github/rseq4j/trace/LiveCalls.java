package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.Babeltrace;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceFormat;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Events of which each thread knows what it wrote: all of an event's fields come from the thread's number and from how
 * many it has recorded before. So a line that a reader prints is compared with what was passed to the probe.
 */
final class LiveCalls {
    private static final Pattern LINE =
            Pattern.compile("\\[\\d{20}] \\S+ live:(\\w+): \\{ cpu_id = (\\d+) }, \\{ tid = (\\d+) }, (\\{.*)");
    private static final Pattern COUNT = Pattern.compile("\\{ n = (\\d+)\\D.*");
    private static final String[] PIECES = {"a", "Zz ", "\"", "\\", "\u00e9", "\u20ac", "\ud83d\ude00", "\ud800"};
    private static final int LONGEST = 5000;

    private final Live probes;
    private final Map<String, EventType> types;
    /** The number of each thread, by what Java calls it. */
    private final Map<Long, Integer> threads = new ConcurrentHashMap<>();

    LiveCalls(Tracer tracer) {
        this.probes = tracer.probes(Live.class);
        this.types = tracer.probes().stream().collect(Collectors.toMap(probe -> probe.type().name(), Probe::type));
    }

    /** All kinds of fields, in records of one word, of several, and of copies. */
    @Provider("live")
    interface Live {
        void one(@Field("n") long n);

        void narrow(@Field("n") long n, @Field("z") boolean z, @Field("b") byte b, @Field("s") short s,
                @Field("c") char c);

        void wide(@Field("n") long n, @Field("i") int i, @Field("l") long l, @Field("f") float f,
                @Field("d") double d, @Field("u") @Nullable TimeUnit u);

        void text(@Field("n") long n, @Field("t") @Nullable String t, @Field("y") byte @Nullable [] y,
                @Field("i") int i);
    }

    private record Call(String event, List<Class<?>> types, @Nullable Object... values) {}

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        int pieces = random.nextInt(random.nextInt(50) == 0 ? LONGEST : 12);
        for (int i = 0; i < pieces; i++) {
            text.append(PIECES[random.nextInt(PIECES.length)]);
        }
        return text.toString();
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[random.nextInt(20)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static Call call(int thread, long n) {
        Random random = new Random(thread * 1_000_003L + n);
        return switch (random.nextInt(4)) {
            case 0 -> new Call("one", List.of(long.class), n);
            case 1 -> new Call("narrow", List.of(long.class, boolean.class, byte.class, short.class, char.class), n,
                    random.nextBoolean(), (byte) random.nextInt(), (short) random.nextInt(), (char) random.nextInt());
            case 2 -> new Call("wide", List.of(long.class, int.class, long.class, float.class, double.class,
                    TimeUnit.class), n, random.nextInt(), random.nextLong(), random.nextFloat(),
                    random.nextGaussian(), random.nextInt(9) == 0 ? null : TimeUnit.values()[random.nextInt(7)]);
            default -> new Call("text", List.of(long.class, String.class, byte[].class, int.class), n,
                    random.nextInt(9) == 0 ? null : text(random), random.nextInt(9) == 0 ? null : bytes(random),
                    random.nextInt());
        };
    }

    /**
     * Records an event on the calling thread.
     *
     * @param thread the thread's number
     * @param n how many it has recorded before
     */
    void record(int thread, long n) {
        threads.putIfAbsent(Thread.currentThread().threadId(), thread);
        @Nullable Object[] v = call(thread, n).values();
        switch (v.length) {
            case 1 -> probes.one(n);
            case 5 -> probes.narrow(n, (boolean) value(v[1]), (byte) value(v[2]), (short) value(v[3]),
                    (char) value(v[4]));
            case 6 -> probes.wide(n, (int) value(v[1]), (long) value(v[2]), (float) value(v[3]), (double) value(v[4]),
                    (TimeUnit) v[5]);
            default -> probes.text(n, (String) v[1], (byte[]) v[2], (int) value(v[3]));
        }
    }

    private static Object value(@Nullable Object value) {
        assertNotNull(value);
        return value;
    }

    /** Compares lines with what was written, and counts them. One thread. */
    final class Lines {
        private final TraceFormat format;
        private final boolean mayMiss;
        private final Map<Integer, Long> next = new HashMap<>();
        private long count;

        /**
         * @param format the trace's
         * @param mayMiss whether a thread's events may be missing
         */
        Lines(TraceFormat format, boolean mayMiss) {
            this.format = format;
            this.mayMiss = mayMiss;
        }

        /** Compares a line with what its thread wrote. */
        void accept(String line) {
            Matcher matcher = LINE.matcher(line);
            assertTrue(matcher.matches(), line);
            Integer thread = threads.get(Long.parseLong(matcher.group(3)));
            assertNotNull(thread, line);
            Matcher counted = COUNT.matcher(matcher.group(4));
            assertTrue(counted.matches(), line);
            long n = Long.parseLong(counted.group(1));
            long expected = next.getOrDefault(thread, mayMiss ? n : 0);
            assertTrue(mayMiss ? n >= expected : n == expected, () -> line + " instead of " + expected);
            Call call = call(thread, n);
            assertEquals(call.event(), matcher.group(1), line);
            EventType type = types.get("live:" + call.event());
            assertNotNull(type);
            String fields = Babeltrace.fields(type, RandomProviders.expected(call.types(), call.values(),
                    TracerOptions.DEFAULT_FIELD_BYTES), format);
            assertEquals(fields, matcher.group(4), () -> "thread " + thread);
            next.put(thread, n + 1);
            count++;
        }

        long count() {
            return count;
        }
    }
}
