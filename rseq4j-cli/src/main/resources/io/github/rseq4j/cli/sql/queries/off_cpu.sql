-- The 20 longest times inside a span without an event or a sample of its thread: it waited, or ran other code
WITH step AS (
  SELECT host, run, number, tid, thread, span, event, time, ns, cpu,
    lead(ns) OVER thread - ns AS gap_ns, lead(event) OVER thread AS next_event, lead(cpu) OVER thread AS next_cpu
  FROM events WINDOW thread AS (PARTITION BY run, tid ORDER BY number)),
inside AS (
  -- After the end of a span the thread is in the span around it.
  SELECT t.*, CASE WHEN ends_with(t.event, 'end') AND s.end_ns = t.ns THEN s.parent ELSE s.id END AS id
  FROM step t JOIN spans s ON s.run = t.run AND s.id = t.span WHERE t.gap_ns > 0)
SELECT i.host, i.time, i.gap_ns, s.name AS span, s.duration_ns, i.tid, i.thread, i.event AS after_event,
  i.next_event AS before_event, i.cpu, i.next_cpu
FROM inside i JOIN spans s ON s.run = i.run AND s.id = i.id
ORDER BY i.gap_ns DESC, i.run, i.number LIMIT 20;
