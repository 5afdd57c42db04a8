package io.github.rseq4j.demo.service;

import org.jspecify.annotations.Nullable;

/**
 * A request that was slow, and the snapshot that it has triggered.
 *
 * @param id its number, or 0 if no request was slow
 * @param path its path
 * @param nanos its latency, in nanoseconds
 * @param waitNanos the time of its wait for the lock, in nanoseconds
 * @param snapshot the path of the snapshot, or null if there is none
 * @param failure why the snapshot could not be written, or null
 */
public record SlowRequest(long id, String path, long nanos, long waitNanos, @Nullable String snapshot,
        @Nullable String failure) {
    static final SlowRequest NONE = new SlowRequest(0, "", 0, 0, null, null);
}
