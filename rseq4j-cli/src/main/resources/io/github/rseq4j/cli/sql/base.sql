-- The tables that the loader fills, before the views of views.sql. Column "trace" is the number of a trace, from 1.
CREATE SCHEMA base;

CREATE TABLE base.packets (
  trace INTEGER, cpu INTEGER, ring_set INTEGER, sequence BIGINT, begin_time TIMESTAMP_NS, end_time TIMESTAMP_NS,
  begin_cycles UBIGINT, end_cycles UBIGINT, content_bytes BIGINT, packet_bytes BIGINT, discarded BIGINT, lost_packets BIGINT);

-- A span without an end has end_number 0; a span that one event records has end_number = id.
CREATE TABLE base.spans (
  trace INTEGER, id BIGINT, parent BIGINT, depth INTEGER, name VARCHAR, begin_time TIMESTAMP_NS, end_time TIMESTAMP_NS,
  begin_cycles UBIGINT, end_cycles UBIGINT, duration_ns BIGINT, self_ns BIGINT, begin_cpu INTEGER, end_cpu INTEGER,
  tid BIGINT, end_number BIGINT);

-- The events of a thread from one time to another, loaded as those of span "around" (0: of none), belong to "span".
CREATE TABLE base.span_events (
  trace INTEGER, tid BIGINT, around BIGINT, from_cycles UBIGINT, to_cycles UBIGINT, span BIGINT);

-- Column "tid" is Java's number; or the kernel's, negated, of a thread that Java does not know.
CREATE TABLE base.threads (
  trace INTEGER, tid BIGINT, kernel_tid BIGINT, name VARCHAR, virtual BOOLEAN, from_cycles UBIGINT);

CREATE TABLE base.hosts (
  host VARCHAR, run VARCHAR, folder VARCHAR, state VARCHAR, pid BIGINT, jdk VARCHAR, arch VARCHAR, mode VARCHAR,
  started TIMESTAMP_NS, clock VARCHAR, frequency_hz BIGINT, cycle_zero TIMESTAMP_NS, clock_offset_error_ns BIGINT,
  first_time TIMESTAMP_NS, last_time TIMESTAMP_NS, events BIGINT, problems BIGINT, environment JSON);
