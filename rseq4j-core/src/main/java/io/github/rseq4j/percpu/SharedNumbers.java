package io.github.rseq4j.percpu;

import java.util.Arrays;

/** The numbers of a pool's idle items that all CPUs share. Used by one thread at a time. */
final class SharedNumbers {
    /* How it works
     *
     * Numbers move between this object and a CPU's stack, several at a time. Room is made before numbers move, and they
     * are counted here until they have arrived. Otherwise a number could leave one place without reaching the other,
     * and its item would be lost.
     */
    private static final int FIRST = 16;

    private final PerCpuStack idle;
    private long[] numbers = new long[FIRST];
    private int count;

    SharedNumbers(PerCpuStack idle) {
        this.idle = idle;
    }

    int count() {
        return count;
    }

    private void makeRoom(int more) {
        if (count + more > numbers.length) {
            numbers = Arrays.copyOf(numbers, Math.max(2 * numbers.length, count + more));
        }
    }

    /**
     * Takes a number, and moves more numbers to this CPU.
     *
     * @param most the most numbers to move
     * @return the number, or {@link PoolSlots#NONE}
     */
    long take(int most) {
        if (count == 0) {
            return PoolSlots.NONE;
        }
        int left = count - 1;
        int more = Math.min(left, most);
        boolean isPushed = more > 0 && idle.pushAll(numbers, left - more, more);
        count = isPushed ? left - more : left;
        return numbers[left];
    }

    /**
     * Takes the numbers of the CPU that has the most numbers.
     *
     * @return the amount of numbers taken
     */
    int steal() {
        // Both arrays of an index may hold numbers.
        makeRoom(2 * idle.capacity());
        long[] stolen = idle.takeFullest();
        System.arraycopy(stolen, 0, numbers, count, stolen.length);
        count += stolen.length;
        return stolen.length;
    }

    /**
     * Adds a number, and moves numbers from this CPU's stack here, so that the stack has room.
     *
     * @param number the number
     * @param more the amount to move; none are moved if this CPU has fewer
     */
    void add(long number, int more) {
        makeRoom(1 + more);
        numbers[count++] = number;
        if (more > 0 && idle.popAll(numbers, count, more)) {
            count += more;
        }
    }

    /** Returns all numbers. */
    long[] copy() {
        return Arrays.copyOf(numbers, count);
    }

    /** Forgets all numbers. */
    void clear() {
        count = 0;
    }
}
