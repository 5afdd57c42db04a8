-- Messages of java.util.logging and System.Logger by level and logger, the most severe first, with the last message
SELECT fields->>'level_name' AS level, fields->>'logger' AS logger, count(*) AS messages,
  count(fields->>'thrown') AS thrown, min(time) AS first_time, max(time) AS last_time,
  arg_max(fields->>'message', ns) AS last_message
FROM events WHERE provider IN ('jul', 'system_logger')
GROUP BY loglevel, level, logger ORDER BY loglevel, messages DESC, logger;
