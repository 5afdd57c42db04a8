-- Locks that threads take while they hold another lock; in_cycle: the order can lead to a deadlock
WITH RECURSIVE held AS (
  -- A span of a held lock is called lock, or its name ends with _lock. The argument lock, name or id names the lock.
  SELECT host, run, id, parent, tid, begin_time, coalesce(arguments->>'lock', arguments->>'name',
    arguments->>'id', name) AS lock, regexp_matches(name, '(:|_)lock$') AS is_lock
  FROM spans),
around AS (
  SELECT run, id, parent, lock AS taken, tid, host, begin_time FROM held WHERE is_lock
  UNION ALL
  SELECT a.run, a.id, h.parent, a.taken, a.tid, a.host, a.begin_time
  FROM around a JOIN held h ON h.run = a.run AND h.id = a.parent),
pair AS (
  SELECT a.run, a.host, h.lock AS holds, a.taken AS takes, a.tid, a.begin_time
  FROM around a JOIN held h ON h.run = a.run AND h.id = a.parent
  WHERE h.is_lock AND h.lock <> a.taken),
edge AS (SELECT DISTINCT run, holds, takes FROM pair),
path AS (
  SELECT run, holds, takes FROM edge
  UNION
  SELECT p.run, p.holds, e.takes FROM path p JOIN edge e ON e.run = p.run AND e.holds = p.takes)
SELECT p.host, p.holds, p.takes, count(*) AS times, count(DISTINCT p.tid) AS threads, min(p.begin_time) AS first_time,
  exists(SELECT 1 FROM path c WHERE c.run = p.run AND c.holds = p.takes AND c.takes = p.holds) AS in_cycle
FROM pair p GROUP BY p.host, p.run, p.holds, p.takes ORDER BY in_cycle DESC, times DESC, holds, takes;
