-- Where the time goes: self time by kind of span, which is the duration without the spans inside
SELECT name, count(*) AS spans, sum(self_ns)::BIGINT AS self_ns, sum(duration_ns)::BIGINT AS total_ns,
  round(100 * sum(self_ns) / nullif(sum(sum(self_ns)) OVER (), 0), 1) AS self_percent
FROM spans GROUP BY name ORDER BY self_ns DESC, name;
