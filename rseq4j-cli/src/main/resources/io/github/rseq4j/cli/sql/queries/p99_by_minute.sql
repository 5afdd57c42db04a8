-- Count, median, 99th percentile and maximum of each kind of span, minute by minute
SELECT date_trunc('minute', begin_time) AS minute, name, count(*) AS spans,
  quantile_disc(duration_ns, 0.5) AS median_ns, quantile_disc(duration_ns, 0.99) AS p99_ns, max(duration_ns) AS max_ns
FROM spans GROUP BY ALL ORDER BY minute, name;
