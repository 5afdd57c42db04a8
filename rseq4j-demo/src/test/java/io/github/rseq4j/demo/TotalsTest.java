package io.github.rseq4j.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.demo.load.LoadResult;
import io.github.rseq4j.demo.service.Sample;
import io.github.rseq4j.demo.service.SlowRequest;
import io.github.rseq4j.demo.side.Kind;
import io.github.rseq4j.demo.side.Sides;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TotalsTest {
    private static Map<String, Long> counts(long read) {
        Map<String, Long> counts = new HashMap<>();
        for (Kind kind : Kind.values()) {
            counts.put(kind.name(), kind == Kind.READ ? read : 0);
        }
        return counts;
    }

    private static String metrics(long requests, long latencies, long infinite) {
        StringBuilder text = new StringBuilder("# TYPE service_requests_total counter\n");
        for (Kind kind : Kind.values()) {
            boolean isRead = kind == Kind.READ;
            text.append("service_requests_total{kind=\"").append(kind).append("\"} ").append(isRead ? requests : 0)
                    .append(".0\nservice_latency_seconds_bucket{kind=\"").append(kind).append("\",le=\"0.5\"} 0\n")
                    .append("service_latency_seconds_bucket{kind=\"").append(kind).append("\",le=\"+Inf\"} ")
                    .append(isRead ? infinite : 0).append("\nservice_latency_seconds_count{kind=\"").append(kind)
                    .append("\"} ").append(isRead ? latencies : 0).append('\n');
        }
        return text.toString();
    }

    private static Sample sample(long counted, long observed, long lost) {
        return new Sample(0, 0, 0, 0, 0, 0, lost, counts(counted), counts(observed));
    }

    private static List<String> differences(Sample sample, String metrics) {
        Totals totals = new Totals();
        LoadResult load = LoadResult.of(Kind.READ, 1000, 1000);
        totals.check(Sides.JDK, load, sample, metrics);
        return totals.differences();
    }

    @Test
    void agreesIfEveryCountIsTheClients() {
        assertEquals(List.of(), differences(sample(2, 2, 0), metrics(2, 2, 2)));
    }

    /** A service has perhaps counted a request whose client has given up. */
    @Test
    void requestsWithoutAnAnswerComeFirstAndExplainAsManyCounts() {
        for (long counted : new long[] {2, 3, 4}) {
            Totals totals = new Totals();
            LoadResult load = LoadResult.of(Kind.READ, 1000, 1000);
            load.unanswered(Kind.READ, "POST /: timed out");
            totals.check(Sides.JDK, load, sample(counted, 2, 0), metrics(2, 2, 3));
            assertEquals("JDK: 1 requests were not answered as expected, the first one: POST /: timed out",
                    totals.differences().getFirst());
            assertEquals(counted > 3 ? 2 : 1, totals.differences().size(), totals.differences()::toString);
        }
    }

    @Test
    void namesEachCountThatDiffers() {
        assertEquals(List.of("JDK, counter of READ: counted=3, the client has 2"),
                differences(sample(3, 2, 0), metrics(2, 2, 2)));
        assertEquals(List.of("JDK, histogram of READ: counted=1, the client has 2"),
                differences(sample(2, 1, 0), metrics(2, 2, 2)));
        assertEquals(List.of("JDK, /metrics service_requests_total of READ: counted=4, the client has 2"),
                differences(sample(2, 2, 0), metrics(4, 2, 2)));
        assertEquals(List.of("JDK, /metrics service_latency_seconds_count of READ: counted=5, the client has 2"),
                differences(sample(2, 2, 0), metrics(2, 5, 2)));
        assertEquals(List.of("JDK, /metrics service_latency_seconds_bucket,le=\"+Inf\" of READ: counted=6, the client"
                + " has 2"),
                differences(sample(2, 2, 0), metrics(2, 2, 6)));
        assertEquals(List.of("JDK: the recorder has lost 7 events"), differences(sample(2, 2, 7), metrics(2, 2, 2)));
        List<String> missing = differences(sample(2, 2, 0), "");
        assertEquals(Kind.values().length * 3, missing.size());
        assertEquals("JDK, /metrics service_requests_total of READ: missing, the client has 2", missing.getFirst());
    }

    @Test
    void readsNumbersAsTheFormatWritesThem() {
        String metrics = metrics(2, 2, 2).replace("{kind=\"READ\"} 2.0", "{kind=\"READ\"} 1.2345678E7");
        assertEquals(12_345_678L, Totals.scraped(metrics).get("service_requests_total READ"));
        assertEquals(List.of("JDK, /metrics service_requests_total of READ: counted=12345678, the client has 2"),
                differences(sample(2, 2, 0), metrics));
    }

    @Test
    void findsALineThatIsNotInTheFormat() {
        for (String line : List.of("service_requests_total{kind=\"READ\"}", "<html>", "a b c", "1a 2")) {
            assertEquals(List.of("JDK, /metrics: not in the format of Prometheus: " + line),
                    differences(sample(2, 2, 0), metrics(2, 2, 2) + line + "\n"));
        }
        for (String line : List.of("", "# EOF", "a +Inf", "a_b:c 1e-9 1700000000000", "a{b=\"c\",} NaN")) {
            assertEquals(List.of(), differences(sample(2, 2, 0), metrics(2, 2, 2) + line + "\n"));
        }
    }

    private static List<String> recorder(long requests, boolean isWhole) {
        Totals totals = new Totals();
        totals.check(Sides.RSEQ4J, new Turn(LoadResult.of(Kind.READ, 1000, 1000), sample(0, 0, 0), sample(2, 2, 0),
                new HeldEvents(9, requests, isWhole), new SlowRequest(0, "", 0, 0, null, null)));
        return totals.differences();
    }

    @Test
    void comparesTheRecordersRequests() {
        assertEquals(List.of(), recorder(2, true));
        assertEquals(List.of(), recorder(1, false), "a flight recorder overwrites old events");
        assertEquals(List.of("rseq4j, recorder: requests=1, the client has 2"), recorder(1, true));
        assertEquals(List.of("rseq4j, recorder: requests=3, the client has 2"), recorder(3, false));
    }
}
