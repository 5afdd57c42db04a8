/** What rings hold, written as traces: streams, snapshots, metadata. */
package io.github.rseq4j.trace.stream;
