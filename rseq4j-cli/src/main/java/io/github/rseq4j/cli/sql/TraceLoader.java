package io.github.rseq4j.cli.sql;

import io.github.rseq4j.analysis.NestedSpan;
import io.github.rseq4j.analysis.NestedSpans;
import io.github.rseq4j.analysis.SpanEvents;
import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.text.Json;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TracePacket;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/** Reads traces once, and appends their events, spans, packets and threads to the tables of base.sql. */
final class TraceLoader {
    private static final String BASE = "base";
    /** The entry of the environment with the bound of the error of the clock's offset. */
    private static final String OFFSET_ERROR = "clock_offset_error_ns";

    private final EventTables events;
    private final DuckDBAppender packets;
    private final DuckDBAppender spans;
    private final DuckDBAppender spanEvents;
    private final DuckDBAppender threads;
    private final DuckDBAppender hosts;

    TraceLoader(DuckDBConnection connection, EventTables events) throws SQLException {
        this.events = events;
        this.packets = connection.createAppender(BASE, "packets");
        this.spans = connection.createAppender(BASE, "spans");
        this.spanEvents = connection.createAppender(BASE, "span_events");
        this.threads = connection.createAppender(BASE, "threads");
        this.hosts = connection.createAppender(BASE, "hosts");
    }

    /** Completes the rows. */
    void close() throws SQLException {
        events.close();
        for (DuckDBAppender each : List.of(packets, spans, spanEvents, threads, hosts)) {
            each.close();
        }
    }

    /**
     * Appends a trace.
     *
     * @param source the trace
     * @param index the number of the trace in the database
     * @param host the name of its host
     * @param run the name of its run
     */
    void load(TraceSource source, int index, String host, String run) throws SQLException {
        Trace trace = source.trace();
        TraceClock clock = trace.clock();
        events.declare(trace.description().events());
        List<NestedSpan> ended = new ArrayList<>();
        List<SpanEvents> moved = new ArrayList<>();
        NestedSpans nested = new NestedSpans(trace, ended::add, moved::add);
        long number = 0;
        Long first = null;
        Long last = null;
        for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
            packets(source, clock, index);
            nested.take(event);
            Long nanos = SqlValues.nanos(clock, event.timestamp());
            first = number++ == 0 ? nanos : first;
            last = nanos;
            events.append(new EventPlace(index, number, nanos, trace.threads().of(event.threadId(), event.timestamp()),
                    nested.innermost()), event);
            spans(ended, moved, clock, index);
        }
        packets(source, clock, index);
        nested.finish();
        spans(ended, moved, clock, index);
        threads(trace.description(), index);
        host(source, host, run, number, first, last);
        flush();
    }

    private void flush() throws SQLException {
        events.close();
        for (DuckDBAppender each : List.of(packets, spans, spanEvents, threads, hosts)) {
            each.flush();
        }
    }

    private void packets(TraceSource source, TraceClock clock, int index) throws SQLException {
        for (TracePacket each = source.packets().poll(); each != null; each = source.packets().poll()) {
            packets.beginRow().append(index).append(each.index()).append(each.ringSet())
                    .append(each.sequence());
            SqlValues.time(packets, SqlValues.nanos(clock, each.begin()));
            SqlValues.time(packets, SqlValues.nanos(clock, each.end()));
            packets.append(each.begin()).append(each.end()).append(each.contentBytes()).append(each.packetBytes())
                    .append(each.discarded()).append(each.lostPackets()).endRow();
        }
    }

    /** Appends spans and their events, and clears the lists. */
    private void spans(List<NestedSpan> ended, List<SpanEvents> moved, TraceClock clock, int index)
            throws SQLException {
        for (NestedSpan span : ended) {
            spans.beginRow().append(index).append(span.id());
            SqlValues.number(spans, span.parent());
            spans.append(span.depth()).append(span.name());
            SqlValues.time(spans, SqlValues.nanos(clock, span.begin()));
            SqlValues.time(spans, SqlValues.nanos(clock, span.end()));
            spans.append(span.begin()).append(span.end()).append(span.nanos()).append(span.selfNanos())
                    .append(span.beginCpu()).append(span.endCpu()).append(span.threadId()).append(span.endNumber())
                    .endRow();
        }
        for (SpanEvents each : moved) {
            spanEvents.beginRow().append(index).append(each.threadId()).append(each.around()).append(each.from())
                    .append(each.to()).append(each.span()).endRow();
        }
        ended.clear();
        moved.clear();
    }

    private void threads(TraceDescription trace, int index) throws SQLException {
        for (TraceThread each : trace.threads()) {
            threads.beginRow().append(index).append(each.javaId() == TraceThread.NONE ? -each.kernelTid()
                    : each.javaId());
            SqlValues.number(threads, each.kernelTid());
            threads.append(each.name()).append(each.isVirtual()).append(each.from()).endRow();
        }
    }

    private void host(TraceSource source, String host, String run, long count, @Nullable Long first,
            @Nullable Long last) throws SQLException {
        TraceDescription trace = source.trace().description();
        TraceClock clock = trace.clock();
        Map<String, Object> environment = trace.environment();
        hosts.beginRow().append(host).append(run).append(source.folder().toAbsolutePath().normalize().toString())
                .append(source.state());
        number(environment.get("pid"));
        text(environment.get("jdk"));
        text(environment.get("arch"));
        text(environment.get("mode"));
        SqlValues.time(hosts, started(environment.get("start_time")));
        hosts.append(clock.uuid().toString()).append(clock.frequencyHz());
        SqlValues.time(hosts, SqlValues.nanos(clock, 0));
        number(environment.get(OFFSET_ERROR));
        SqlValues.time(hosts, first);
        SqlValues.time(hosts, last);
        hosts.append(count).append(source.trace().problemCount()).append(Json.text(environment)).endRow();
    }

    private void number(@Nullable Object value) throws SQLException {
        if (value instanceof Long number) {
            hosts.append(number.longValue());
        } else {
            hosts.appendNull();
        }
    }

    private void text(@Nullable Object value) throws SQLException {
        hosts.append(value == null ? null : value.toString());
    }

    private static @Nullable Long started(@Nullable Object text) {
        try {
            return SqlValues.nanos(Instant.parse(Objects.toString(text, "")));
        } catch (DateTimeException _) {
            return null;
        }
    }
}
