-- Threads that changed their CPU between two events, with the number of changes and of CPUs
WITH step AS (
  SELECT host, run, tid, thread, cpu, lag(cpu) OVER (PARTITION BY run, tid ORDER BY number) AS former FROM events)
SELECT host, tid, any_value(thread) AS thread, count(*) AS events, count(*) FILTER (cpu <> former) AS migrations,
  count(DISTINCT cpu) AS cpus
FROM step GROUP BY host, run, tid HAVING count(*) FILTER (cpu <> former) > 0
ORDER BY migrations DESC, host, tid LIMIT 50;
