-- Events by provider and name: count, share, and events a second of the run
SELECT e.host, e.provider, e.event, count(*) AS events,
  round(100 * count(*) / sum(count(*)) OVER (PARTITION BY e.run), 2) AS percent,
  round(count(*) / nullif((epoch_ns(any_value(h.last_time)) - epoch_ns(any_value(h.first_time))) / 1e9, 0), 1)
    AS per_second, min(e.time) AS first_time, max(e.time) AS last_time
FROM events e JOIN hosts h USING (run) GROUP BY e.host, e.run, e.provider, e.event
ORDER BY events DESC, e.host, e.event;
