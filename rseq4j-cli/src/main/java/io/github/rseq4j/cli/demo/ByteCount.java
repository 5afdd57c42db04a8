package io.github.rseq4j.cli.demo;

import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuCounters;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** Counts byte values and lines, from many threads. Each implementation is a contestant of the demo. */
interface ByteCount {
    /** The number of byte values. */
    int VALUES = 256;

    /** Returns the contestant's name. */
    String name();

    /**
     * Counts bytes: one update for each byte, and one for each line.
     *
     * @param bytes an array that begins with the bytes
     * @param length the number of bytes
     */
    void count(byte[] bytes, int length);

    /** Returns the count of each byte value, then the count of lines. */
    long[] counts();

    /** Counts in per-CPU counters. */
    final class PerCpu implements ByteCount {
        private final PerCpuCounters values = new PerCpuCounters(VALUES);
        private final PerCpuCounter lines = new PerCpuCounter();

        @Override
        public String name() {
            return "PerCpuCounters";
        }

        @Override
        public void count(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                values.increment(bytes[i] & 0xFF);
                if (bytes[i] == '\n') {
                    lines.increment();
                }
            }
        }

        @Override
        public long[] counts() {
            long[] counts = Arrays.copyOf(values.sums(), VALUES + 1);
            counts[VALUES] = lines.sum();
            return counts;
        }
    }

    /** Counts in LongAdders. */
    final class Adders implements ByteCount {
        private final LongAdder[] values = new LongAdder[VALUES];
        private final LongAdder lines = new LongAdder();

        Adders() {
            Arrays.setAll(values, _ -> new LongAdder());
        }

        @Override
        public String name() {
            return "LongAdder[]";
        }

        @Override
        public void count(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                values[bytes[i] & 0xFF].increment();
                if (bytes[i] == '\n') {
                    lines.increment();
                }
            }
        }

        @Override
        public long[] counts() {
            long[] counts = Arrays.copyOf(Arrays.stream(values).mapToLong(LongAdder::sum).toArray(), VALUES + 1);
            counts[VALUES] = lines.sum();
            return counts;
        }
    }

    /** Counts in an array of atomic longs. */
    final class Atomics implements ByteCount {
        private final AtomicLongArray values = new AtomicLongArray(VALUES);
        private final AtomicLong lines = new AtomicLong();

        @Override
        public String name() {
            return "AtomicLongArray";
        }

        @Override
        public void count(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                values.getAndIncrement(bytes[i] & 0xFF);
                if (bytes[i] == '\n') {
                    lines.getAndIncrement();
                }
            }
        }

        @Override
        public long[] counts() {
            long[] counts = new long[VALUES + 1];
            Arrays.setAll(counts, i -> i < VALUES ? values.get(i) : lines.get());
            return counts;
        }
    }

    /** Counts in a plain array, from one thread; the other contestants must agree with it. */
    final class Plain implements ByteCount {
        private final long[] counts = new long[VALUES + 1];

        @Override
        public String name() {
            return "one thread";
        }

        @Override
        public void count(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                counts[bytes[i] & 0xFF]++;
                if (bytes[i] == '\n') {
                    counts[VALUES]++;
                }
            }
        }

        @Override
        public long[] counts() {
            return counts.clone();
        }
    }
}
