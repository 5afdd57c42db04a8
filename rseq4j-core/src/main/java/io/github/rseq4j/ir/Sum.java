package io.github.rseq4j.ir;

import java.util.Map;
import java.util.TreeMap;

/**
 * The content of a register, as a sum modulo 2^64 of unknown words, each times a factor, and of a constant. If two sums
 * differ by a constant, they differ by it for all values of the unknown words.
 *
 * @param factors the factor of each unknown word, by the word's number; none is 0
 * @param constant the constant
 */
record Sum(Map<Integer, Long> factors, long constant) {
    static final Sum ZERO = new Sum(Map.of(), 0);

    static Sum of(long constant) {
        return new Sum(Map.of(), constant);
    }

    static Sum ofUnknown(int number) {
        return new Sum(Map.of(number, 1L), 0);
    }

    boolean isConstant() {
        return factors.isEmpty();
    }

    long factor(int unknown) {
        return factors.getOrDefault(unknown, 0L);
    }

    Sum plus(long more) {
        return new Sum(factors, constant + more);
    }

    Sum plus(Sum other) {
        return plus(other, 1);
    }

    Sum minus(Sum other) {
        return plus(other, -1);
    }

    /** Returns this and a multiple of another sum. */
    Sum plus(Sum other, long times) {
        Map<Integer, Long> sums = new TreeMap<>(factors);
        other.factors.forEach((unknown, factor) -> sums.merge(unknown, factor * times, Long::sum));
        sums.values().removeIf(factor -> factor == 0);
        return new Sum(sums, constant + other.constant * times);
    }
}
