-- Samples of CPU time by library and thread
SELECT host, library, tid, any_value(thread) AS thread, count(*) AS samples,
  round(100 * count(*) / sum(count(*)) OVER (PARTITION BY run), 1) AS percent
FROM samples GROUP BY host, run, library, tid ORDER BY samples DESC, host, library, tid;
