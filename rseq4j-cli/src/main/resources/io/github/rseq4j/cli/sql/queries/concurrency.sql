-- How many spans of a kind were open at the same time in a process, at most and on average, and when
WITH change AS (
  SELECT host, run, name, begin_ns AS ns, 1 AS step FROM spans
  UNION ALL SELECT host, run, name, end_ns, -1 FROM spans),
open AS (
  SELECT *, sum(step) OVER (PARTITION BY run, name ORDER BY ns, step ROWS UNBOUNDED PRECEDING) AS spans,
    lead(ns) OVER (PARTITION BY run, name ORDER BY ns, step) - ns AS for_ns
  FROM change)
SELECT host, name, max(spans)::BIGINT AS most, make_timestamp_ns(arg_max(ns, spans)) AS most_time,
  round(sum(spans * for_ns) / nullif(sum(for_ns), 0), 2) AS average
FROM open GROUP BY host, run, name ORDER BY most DESC, host, name;
