package io.github.rseq4j.demo;

import io.github.rseq4j.demo.load.LoadResult;
import io.github.rseq4j.demo.service.Sample;
import io.github.rseq4j.demo.service.SlowRequest;

/**
 * One turn of one side.
 *
 * @param load what the clients have counted
 * @param before the service's counts before it
 * @param after the service's counts after it
 * @param held the events that the recorder has of it
 * @param slow the request that has triggered a snapshot
 */
record Turn(LoadResult load, Sample before, Sample after, HeldEvents held, SlowRequest slow) {}
