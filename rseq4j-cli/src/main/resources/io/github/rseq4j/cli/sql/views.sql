-- The tables and views for queries, after the traces are loaded. The loader puts expressions of column "trace" in place
-- of {host} and {run}, and creates base.events, events, and a view for each name of an event.

CREATE VIEW packets AS
SELECT {host} AS host, {run} AS run, cpu, ring_set, sequence, begin_time, end_time, begin_cycles, end_cycles,
  content_bytes, packet_bytes, discarded, lost_packets
FROM base.packets;

CREATE TABLE spans AS
SELECT {host} AS host, {run} AS run, s.id, s.parent, s.depth, s.name, split_part(s.name, ':', 1) AS provider,
  s.begin_time, s.end_time, epoch_ns(s.begin_time) AS begin_ns, epoch_ns(s.end_time) AS end_ns, s.duration_ns,
  s.self_ns, s.begin_cpu, s.end_cpu, s.tid, b.thread, b.virtual, b.fields AS arguments, e.fields AS results
FROM base.spans s
LEFT JOIN (SELECT trace AS of, number, thread, virtual, fields FROM base.events WHERE ends_with(event, 'begin')
    OR event IN (SELECT name FROM base.spans WHERE end_number = id)) b
  ON b.of = s.trace AND b.number = s.id
LEFT JOIN (SELECT trace AS of, number, fields FROM base.events WHERE ends_with(event, 'end')) e
  ON e.of = s.trace AND e.number = s.end_number AND s.end_number <> s.id
WHERE s.end_number <> 0;

CREATE TABLE open_spans AS
SELECT {host} AS host, {run} AS run, s.id, s.parent, s.depth, s.name, split_part(s.name, ':', 1) AS provider,
  s.begin_time, epoch_ns(s.begin_time) AS begin_ns, s.begin_cpu, s.tid, b.thread, b.virtual, b.fields AS arguments
FROM base.spans s
LEFT JOIN (SELECT trace AS of, number, thread, virtual, fields FROM base.events WHERE ends_with(event, 'begin')) b
  ON b.of = s.trace AND b.number = s.id
WHERE s.end_number = 0;

-- A thread that recorded no event has no times; a thread that the trace does not name has no name.
CREATE TABLE threads AS
SELECT {host} AS host, {run} AS run, tid, named.kernel_tid, nullif(coalesce(named.name, seen.thread), '') AS name,
  coalesce(named.virtual, seen.virtual) AS virtual, seen.first_time, seen.last_time, coalesce(seen.events, 0) AS events,
  coalesce(seen.samples, 0) AS samples
FROM (SELECT trace, tid, arg_max(thread, number) AS thread, bool_or(virtual) AS virtual, min(time) AS first_time,
    max(time) AS last_time, count(*) FILTER (event <> 'cpu:sample') AS events,
    count(*) FILTER (event = 'cpu:sample') AS samples
  FROM base.events GROUP BY trace, tid) seen
FULL JOIN (SELECT trace, tid, arg_max(kernel_tid, from_cycles) AS kernel_tid, arg_max(name, from_cycles) AS name,
    bool_or(virtual) AS virtual
  FROM base.threads GROUP BY trace, tid) named USING (trace, tid);

CREATE VIEW hosts AS
SELECT h.host, h.run, h.folder, h.state, h.pid, h.jdk, h.arch, h.mode, h.started, h.clock, h.frequency_hz, h.cycle_zero,
  h.clock_offset_error_ns, h.first_time, h.last_time, h.events, coalesce(p.packets, 0) AS packets,
  coalesce(p.discarded, 0) AS discarded, coalesce(p.lost_packets, 0) AS lost_packets, h.problems, h.environment
FROM base.hosts h
LEFT JOIN (SELECT run, count(*) AS packets, sum(discarded)::BIGINT AS discarded, sum(lost_packets)::BIGINT AS lost_packets
  FROM packets GROUP BY run) p USING (run);

-- An address belongs to the mapping that begins last before it, if it is not after that mapping's end.
CREATE VIEW samples AS
WITH address AS (
  SELECT host, run, number, time, ns, cycles, cpu, tid, thread, virtual, span,
    (try_cast(fields->>'ip' AS HUGEINT) & 18446744073709551615)::UBIGINT AS ip
  FROM events WHERE event = 'cpu:sample'),
mapping AS (
  SELECT run, first, arg_max(after, number) AS after, arg_max(path, number) AS path
  FROM (SELECT run, number, (try_cast(fields->>'start' AS HUGEINT) & 18446744073709551615)::UBIGINT AS first,
      (try_cast(fields->>'end' AS HUGEINT) & 18446744073709551615)::UBIGINT AS after, fields->>'path' AS path
    FROM events WHERE event = 'cpu:mapping')
  GROUP BY run, first)
SELECT a.*, CASE WHEN m.after IS NULL OR a.ip >= m.after THEN 'unknown' WHEN m.path = '' THEN 'java'
  ELSE regexp_extract(m.path, '[^/]*$') END AS library
FROM address a ASOF LEFT JOIN mapping m ON a.run = m.run AND a.ip >= m.first;
