-- The 50 busiest threads, by events and samples, with the time that they spent in spans
WITH busy AS (SELECT run, tid, sum(duration_ns)::BIGINT AS span_ns, count(*) AS spans FROM spans WHERE depth = 0
  GROUP BY run, tid)
SELECT t.host, t.tid, t.kernel_tid, t.name, t.virtual, t.events, t.samples, coalesce(b.spans, 0) AS outer_spans,
  coalesce(b.span_ns, 0) AS span_ns, t.first_time, t.last_time
FROM threads t LEFT JOIN busy b USING (run, tid) ORDER BY t.events + t.samples DESC, t.host, t.tid LIMIT 50;
