-- How well the clocks of the hosts can be compared: when each trace begins and ends, and the error of its clock's offset
SELECT host, run, state, first_time, last_time, frequency_hz, clock_offset_error_ns,
  epoch_ns(first_time) - min(epoch_ns(first_time)) OVER () AS after_first_ns,
  clock = first_value(clock) OVER (ORDER BY first_time, run) AS has_clock_of_first
FROM hosts ORDER BY first_time, run;
