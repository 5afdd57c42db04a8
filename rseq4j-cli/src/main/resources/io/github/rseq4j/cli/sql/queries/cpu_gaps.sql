-- The 20 longest times without an event of a CPU that recorded before and after, and the events discarded meanwhile
WITH step AS (
  SELECT host, run, cpu, number, time, ns, event, lead(ns) OVER cpu AS next_ns, lead(event) OVER cpu AS next_event
  FROM events WINDOW cpu AS (PARTITION BY run, cpu ORDER BY number)),
gap AS (
  SELECT *, next_ns - ns AS gap_ns FROM step WHERE next_ns IS NOT NULL ORDER BY gap_ns DESC, run, number LIMIT 20),
discarded AS (
  SELECT g.run, g.number, sum(p.discarded)::BIGINT AS discarded
  FROM gap g JOIN packets p ON p.run = g.run AND p.cpu = g.cpu AND p.begin_time > g.time
    AND epoch_ns(p.begin_time) <= g.next_ns
  GROUP BY g.run, g.number)
SELECT g.host, g.cpu, g.time, g.gap_ns, g.event AS after_event, g.next_event AS before_event,
  coalesce(d.discarded, 0) AS discarded
FROM gap g LEFT JOIN discarded d USING (run, number) ORDER BY g.gap_ns DESC, g.run, g.number;
