package io.github.rseq4j.cli.selftest.storm;

import java.util.List;

/**
 * The outcome of a storm.
 *
 * @param storm its name
 * @param operations the number of operations
 * @param aborts the number of aborts of its own sections
 * @param wrong the faults
 * @param signals the number of signals that were handled
 * @param flips the number of changes of a thread's affinity
 * @param fences the number of fences that disturbed it
 * @param nanos its duration, in nanoseconds
 */
public record Outcome(String storm, long operations, long aborts, List<String> wrong, long signals, long flips,
                      long fences, long nanos) {}
