-- The 20 slowest spans, with the spans that ran beside each on other threads of its process
WITH slow AS (SELECT * FROM spans ORDER BY duration_ns DESC, run, id LIMIT 20),
together AS (
  SELECT s.run, s.id, o.name, count(*) AS spans,
    sum(least(s.end_ns, o.end_ns) - greatest(s.begin_ns, o.begin_ns)) AS shared_ns
  FROM slow s JOIN spans o ON o.run = s.run AND o.tid <> s.tid AND o.begin_ns < s.end_ns AND o.end_ns > s.begin_ns
  GROUP BY s.run, s.id, o.name),
beside AS (
  SELECT run, id, string_agg(name || ' x' || spans || ' (' || (shared_ns / 1e3)::DECIMAL(18, 1) || ' us)', ', '
    ORDER BY shared_ns DESC, name) AS beside
  FROM together GROUP BY run, id)
SELECT s.host, s.begin_time, s.name, s.duration_ns, s.self_ns, s.tid, s.thread, s.begin_cpu AS cpu, s.arguments,
  b.beside
FROM slow s LEFT JOIN beside b USING (run, id)
ORDER BY s.duration_ns DESC, s.run, s.id;
