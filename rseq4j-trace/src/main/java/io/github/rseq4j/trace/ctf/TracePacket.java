package io.github.rseq4j.trace.ctf;

/**
 * The header of a packet that a reader has found. Immutable.
 *
 * @param index the CPU index
 * @param ringSet the set of the stream's rings: 0 is that of all providers without rings of their own; another set N
 *     has the providers of the entry {@code rings_N} in {@link TraceDescription#environment}. Each CPU index has a
 *     stream for each set
 * @param sequence the number of the packet in its stream; in a damaged packet any number
 * @param begin the time of the packet's begin, in cycles, unsigned; no record is earlier
 * @param end the time of the packet's end, in cycles, unsigned; no record is later
 * @param contentBytes the size from the packet's start to the end of its last record, in bytes
 * @param packetBytes the size of the packet in its file, in bytes
 * @param discarded the number of events that found no room since the packet before this one
 * @param lostPackets the number of packets that are missing before this one
 * @since 0.1.0
 */
public record TracePacket(int index, int ringSet, long sequence, long begin, long end, long contentBytes,
                          long packetBytes, long discarded, long lostPackets) {}
