package io.github.rseq4j.bench.ring;

import io.github.rseq4j.percpu.PerCpuByteRing;
import io.github.rseq4j.percpu.PerCpuRing;
import java.util.List;
import java.util.Queue;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;
import org.jctools.queues.MpscArrayQueue;
import org.jctools.queues.MpscUnboundedXaddArrayQueue;

/** A ring or a queue with many producers and one drainer, filled with references, words or records. */
public sealed interface Ring {
    /** The names for {@link #of}. */
    List<String> NAMES = List.of("PerCpuRing", "JCTools MpscArrayQueue", "JCTools MpscUnboundedXaddArrayQueue",
            "Agrona ManyToOneConcurrentArrayQueue", "PerCpuByteRing, 32 bytes",
            "Agrona ManyToOneRingBuffer, 32 bytes");
    /** The bytes of a record. */
    int RECORD_BYTES = 32;

    /**
     * Makes an empty ring.
     *
     * @param name one of {@link #NAMES}
     * @param capacity how many values it can hold at least, a power of two; one that is per CPU, on each CPU
     * @return the ring
     */
    static Ring of(String name, int capacity) {
        return switch (NAMES.indexOf(name)) {
            case 0 -> new Words(new PerCpuRing(capacity));
            case 1 -> new References(new MpscArrayQueue<>(capacity));
            case 2 -> new References(new MpscUnboundedXaddArrayQueue<>(Math.min(capacity, 1024)));
            case 3 -> new References(new ManyToOneConcurrentArrayQueue<>(capacity));
            case 4 -> new Records(new PerCpuByteRing(2 * capacity * RECORD_BYTES, RECORD_BYTES));
            case 5 -> new AgronaRecords(new ManyToOneRingBuffer(new UnsafeBuffer(
                    new byte[2 * capacity * RECORD_BYTES + RingBufferDescriptor.TRAILER_LENGTH])));
            default -> throw new IllegalArgumentException("ring=" + name + ", must be one of " + NAMES);
        };
    }

    /** A producer's own means to push. */
    interface Producer {
        /**
         * Pushes a value.
         *
         * @param value any value but 0
         * @return false if the ring is full
         */
        boolean push(long value);
    }

    /** {@return a producer, for one thread} */
    Producer producer();

    /**
     * Takes what the ring holds. One thread at a time calls this method.
     *
     * @return how many values
     */
    int drain();

    /** {@return the sum of the values that have been drained} */
    long sum();

    /** Words in a ring for each CPU. */
    final class Words implements Ring {
        private final PerCpuRing ring;
        private long sum;

        private Words(PerCpuRing ring) {
            this.ring = ring;
        }

        @Override
        public Producer producer() {
            return ring::push;
        }

        @Override
        public int drain() {
            return ring.drain(value -> sum += value);
        }

        @Override
        public long sum() {
            return sum;
        }
    }

    /** References to objects that exist already, which is the least that such a queue can cost. */
    final class References implements Ring {
        /** How many objects each producer pushes in turns; they have the values from 1 on. */
        private static final int OBJECTS = 256;

        private final Queue<Long> queue;
        private long sum;

        private References(Queue<Long> queue) {
            this.queue = queue;
        }

        @Override
        public Producer producer() {
            Long[] objects = new Long[OBJECTS];
            for (int i = 0; i < OBJECTS; i++) {
                objects[i] = (long) i;
            }
            return value -> queue.offer(objects[(int) value]);
        }

        @Override
        public int drain() {
            int count = 0;
            for (Long value = queue.poll(); value != null; value = queue.poll()) {
                sum += value;
                count++;
            }
            return count;
        }

        @Override
        public long sum() {
            return sum;
        }
    }

    /** Records of bytes in a ring for each CPU. */
    final class Records implements Ring {
        private final PerCpuByteRing ring;
        private final byte[] drained = new byte[RECORD_BYTES];
        private long sum;

        private Records(PerCpuByteRing ring) {
            this.ring = ring;
        }

        @Override
        public Producer producer() {
            byte[] record = new byte[RECORD_BYTES];
            return value -> {
                record[0] = (byte) value;
                return ring.push(record, 0, RECORD_BYTES);
            };
        }

        @Override
        public int drain() {
            return ring.drain(drained, (record, _) -> sum += record[0] & 0xFF);
        }

        @Override
        public long sum() {
            return sum;
        }
    }

    /** Records of bytes in Agrona's ring. */
    final class AgronaRecords implements Ring {
        private static final int MESSAGE_TYPE = 1;

        private final ManyToOneRingBuffer ring;
        private long sum;

        private AgronaRecords(ManyToOneRingBuffer ring) {
            this.ring = ring;
        }

        @Override
        public Producer producer() {
            UnsafeBuffer record = new UnsafeBuffer(new byte[RECORD_BYTES]);
            return value -> {
                record.putByte(0, (byte) value);
                return ring.write(MESSAGE_TYPE, record, 0, RECORD_BYTES);
            };
        }

        @Override
        public int drain() {
            // A reading ends where the buffer does.
            int count = 0;
            for (int read = -1; read != 0; count += read) {
                read = ring.read((_, buffer, index, _) -> sum += buffer.getByte(index) & 0xFF);
            }
            return count;
        }

        @Override
        public long sum() {
            return sum;
        }
    }
}
