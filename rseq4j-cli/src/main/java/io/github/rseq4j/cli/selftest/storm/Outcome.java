package io.github.rseq4j.cli.selftest.storm;

import java.util.List;

/**
 * What a storm has shown.
 *
 * @param storm its name
 * @param operations how many operations there were
 * @param aborts how many of its own sections were aborted
 * @param wrong what was wrong in the end
 * @param signals how many signals were taken
 * @param flips how often a thread's affinity was set
 * @param fences how many fences disturbed it
 * @param nanos how long it lasted
 */
public record Outcome(String storm, long operations, long aborts, List<String> wrong, long signals, long flips,
                      long fences, long nanos) {}
