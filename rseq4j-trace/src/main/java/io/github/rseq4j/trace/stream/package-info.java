/** Writes the content of rings as traces: streams, snapshots, metadata. */
package io.github.rseq4j.trace.stream;
