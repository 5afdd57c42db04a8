-- Events that found no room and packets that are missing, by CPU and set of rings, with the worst packet
SELECT host, cpu, ring_set, count(*) AS packets, sum(content_bytes)::BIGINT AS bytes,
  sum(discarded)::BIGINT AS discarded, sum(lost_packets)::BIGINT AS lost_packets, max(discarded) AS worst,
  arg_max(begin_time, discarded) AS worst_time
FROM packets GROUP BY host, run, cpu, ring_set
ORDER BY discarded DESC, lost_packets DESC, host, cpu, ring_set;
