-- Spans that have begun and not ended: the work of a process that was killed, or still runs
SELECT o.host, o.begin_time, o.name, epoch_ns(h.last_time) - o.begin_ns AS open_ns, o.depth, o.tid, o.thread, o.arguments
FROM open_spans o JOIN hosts h USING (run) ORDER BY open_ns DESC, o.run, o.id;
