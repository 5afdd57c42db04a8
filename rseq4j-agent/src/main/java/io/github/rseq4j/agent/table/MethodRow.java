package io.github.rseq4j.agent.table;

/**
 * The calls of a method. Percentiles are upper bounds: they exceed the duration by less than 1/16 of it.
 *
 * @param className the name of its class
 * @param method its name
 * @param descriptor its descriptor
 * @param mode the mode in which the agent traces it, or an empty text
 * @param calls the number of calls
 * @param totalNanos the sum of the durations of timed calls, in nanoseconds
 * @param p50Nanos the duration that half of the timed calls do not exceed, in nanoseconds; 0 without timed calls
 * @param p99Nanos the same for 99 % of them
 * @param maxNanos the longest duration, in nanoseconds; of an interval its upper bound
 */
public record MethodRow(String className, String method, String descriptor, String mode, long calls, long totalNanos,
        long p50Nanos, long p99Nanos, long maxNanos) {}
