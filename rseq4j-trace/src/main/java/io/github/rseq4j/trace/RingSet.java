package io.github.rseq4j.trace;

import io.github.rseq4j.trace.cpu.NativeProbes;
import io.github.rseq4j.trace.ring.Channel;
import io.github.rseq4j.trace.ring.Rings;

/**
 * A set of rings, and the ways to record in it.
 *
 * @param providers the pattern of the names of its providers
 * @param rings the rings
 * @param channel records events of Java
 * @param natives makes functions for native code
 */
record RingSet(String providers, Rings rings, Channel channel, NativeProbes natives) {
    /** Tells whether the events of a provider are recorded in these rings. */
    boolean has(String provider) {
        return ProbeRules.compiled(providers).matcher(provider).matches();
    }

    /** Returns these rings as the target of a provider. */
    Providers.Target target() {
        return new Providers.Target(channel, natives);
    }
}
