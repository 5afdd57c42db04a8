package io.github.rseq4j.cli.trace;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceThread;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/** Traces for the tests of the report. */
final class ReportTraces {
    static final long MILLI = 1_000_000;
    private static final int PACKET = 1 << 16;

    /** The description and the events of a trace that is being made; events may come in any order. */
    static final class Maker {
        private final List<Event> events = new ArrayList<>();
        private final Map<String, EventType> types = new LinkedHashMap<>();
        private final List<TraceThread> threads = new ArrayList<>();

        private record Event(long time, int cpu, long thread, EventType type, Object[] values) {}

        Maker type(String name, Object... fields) {
            List<EventType.Field> all = new ArrayList<>();
            for (int i = 0; i < fields.length; i += 2) {
                all.add(new EventType.Field((String) fields[i], (FieldType) fields[i + 1]));
            }
            types.put(name, new EventType(name, types.size(), 6, all));
            return this;
        }

        Maker thread(long id, boolean isVirtual, String name) {
            threads.add(new TraceThread(id, isVirtual ? TraceThread.NONE : 9000 + id, isVirtual, 0, TraceThread.OPEN,
                    name));
            return this;
        }

        Maker at(long time, int cpu, long thread, String type, Object... values) {
            EventType declared = types.get(type);
            if (declared == null) {
                throw new IllegalArgumentException("type=" + type);
            }
            events.add(new Event(time, cpu, thread, declared, values));
            return this;
        }

        Maker span(long begin, long length, int cpu, long thread, String name, List<Object> begins, Object... ends) {
            at(begin, cpu, thread, name + "_begin", begins.toArray());
            return at(begin + length, cpu, thread, name + "_end", ends);
        }

        Path write(Path folder, Map<String, Object> environment) {
            events.sort(Comparator.comparingLong(Event::time));
            try (TraceWriter writer = new TraceWriter(folder, new TraceDescription(new UUID(1, 2),
                    SampleTrace.DESCRIPTION.clock(), 8, environment, threads, List.copyOf(types.values())), PACKET)) {
                for (Event event : events) {
                    writer.append(event.cpu(), event.time(), event.thread(), event.type(), event.values());
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return folder;
        }
    }

    private ReportTraces() {}

    /**
     * A shop: requests on eight threads and on virtual threads, with a database, a lock and JSON in them. Request 77 of
     * thread 13 waits 80 ms for the lock "stock", which a report on thread 30 holds.
     */
    static Path shop(Path folder, int requests) {
        FieldType text = FieldType.Basic.STRING;
        FieldType number = FieldType.Basic.LONG;
        Maker maker = new Maker().type("http:request_begin", "path", text, "tenant", text)
                .type("http:request_end", "status", FieldType.Basic.INT).type("db:query_begin", "sql", text)
                .type("db:query_end", "rows", number).type("lock:wait_begin", "name", text).type("lock:wait_end")
                .type("json:write_begin").type("json:write_end", "bytes", number)
                .type("report:stock_begin", "name", text)
                .type("report:stock_end").type("cache:miss", "key", text).type("pool:size", "connections", number)
                .type("cpu:sample", "ip", number).type("cpu:mapping", "start", number, "end", number, "offset", number,
                        "path", text);
        maker.at(0, 0, 30, "cpu:mapping", 0x1000L, 0x2000L, 0L, "").at(0, 0, 30, "cpu:mapping", 0x3000L, 0x4000L, 0L,
                "/usr/lib/libc.so.6");
        Random random = new Random(5);
        String[] paths = {"/cart", "/checkout", "/search", "/item"};
        long[] free = new long[12];
        for (int i = 0; i < 12; i++) {
            maker.thread(10 + i, i >= 8, i < 8 ? "http-" + i : "");
        }
        maker.thread(30, false, "report");
        for (int i = 0; i < requests; i++) {
            int lane = i % 12;
            long thread = lane < 8 ? 10 + lane : 1000 + i;
            long begin = free[lane] + random.nextLong(MILLI);
            int cpu = i % 4;
            boolean isSlow = i == 75;
            long query = MILLI / 2 + random.nextLong(MILLI);
            long wait = isSlow ? 80 * MILLI : random.nextLong(MILLI / 20);
            long json = MILLI / 10 + random.nextLong(MILLI / 5);
            long length = query + wait + json + MILLI / 4;
            maker.at(begin, cpu, thread, "http:request_begin", paths[i % 4], "tenant-" + i % 3)
                    .span(begin + 20_000, query, cpu, thread, "db:query", List.of("SELECT * FROM item WHERE id=" + i),
                            3L + i % 9)
                    .span(begin + 40_000 + query, wait, cpu, thread, "lock:wait", List.of("stock"))
                    .span(begin + 60_000 + query + wait, json, cpu, thread, "json:write", List.of(), 512L + i)
                    .at(begin + length, cpu, thread, "http:request_end", isSlow ? 503 : 200)
                    .at(begin + 30_000, cpu, thread, "cache:miss", "item:" + i)
                    .at(begin + 50_000, cpu, 30, "pool:size", 5L + i % 7)
                    .at(begin + 70_000, cpu, thread, "cpu:sample", i % 3 == 0 ? 0x3010L : 0x1010L);
            if (isSlow) {
                maker.span(begin + query, wait + 30_000, 5, 30, "report:stock", List.of("stock"));
            }
            free[lane] = begin + length;
        }
        maker.at(free[0] + 1, 0, 10, "http:request_begin", "/hangs", "tenant-1");
        return maker.write(folder, Map.of("hostname", "shop", "pid", 4711L, "jdk", "25", TraceThread.VIRTUAL,
                "1000-" + (1000 + requests)));
    }

    /**
     * Writes many spans without keeping them.
     *
     * @param spans the number of spans
     * @param virtual how many of them share a virtual thread; 0 for spans on eight platform threads
     */
    static Path many(Path folder, int spans, int virtual) {
        EventType begin = new EventType("web:request_begin", 0, 6, List.of(new EventType.Field("id",
                FieldType.Basic.LONG)));
        EventType end = new EventType("web:request_end", 1, 6, List.of());
        EventType innerBegin = new EventType("web:inner_begin", 2, 6, List.of());
        EventType innerEnd = new EventType("web:inner_end", 3, 6, List.of());
        String threads = virtual == 0 ? "" : "1000-" + (1000 + spans / virtual);
        try (TraceWriter writer = new TraceWriter(folder, new TraceDescription(new UUID(1, 2),
                SampleTrace.DESCRIPTION.clock(), 8, Map.of("pid", 1L, TraceThread.VIRTUAL, threads), List.of(),
                List.of(begin, end, innerBegin, innerEnd)), PACKET)) {
            Random random = new Random(3);
            long[] free = new long[8];
            for (int i = 0; i < spans / 2; i++) {
                int lane = i % 8;
                long thread = virtual == 0 ? 10 + lane : 1000 + 2L * i / virtual;
                long time = free[lane];
                long length = 1_000 + (long) Math.exp(random.nextDouble() * 9) + (i == spans / 4 ? 50 * MILLI : 0);
                writer.append(lane, time, thread, begin, (long) i);
                writer.append(lane, time + 200, thread, innerBegin);
                writer.append(lane, time + length - 200, thread, innerEnd);
                writer.append(lane, time + length, thread, end);
                free[lane] = time + length + 1_000;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }
}
