package io.github.rseq4j.cli.sql;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.trace.ctf.TracePacket;
import java.nio.file.Path;
import java.util.Queue;

/**
 * A trace that is added to a database.
 *
 * @param folder the folder that the user gave
 * @param trace the trace
 * @param packets the packets that were found and not added yet
 * @param state "closed", "running", "killed" or "unknown": whether the tracer has completed the trace
 */
public record TraceSource(Path folder, Trace trace, Queue<TracePacket> packets, String state) {}
