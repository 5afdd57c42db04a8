package io.github.rseq4j.cli.selftest.storm;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Threads take tokens from a bag, hold a few of them for a while, and put them back at the index on which they run
 * then. At the end each token must be in one place: no token is lost, and no token was taken twice.
 */
final class BagStorm implements Storm {
    private static final int MAX_HELD = 4;

    private final Bag bag;
    private final Faults faults = new Faults();
    private final Tokens tokens;
    private final AtomicInteger lanes = new AtomicInteger();
    private final LongAdder operations = new LongAdder();
    private final ConcurrentLinkedQueue<Integer> left = new ConcurrentLinkedQueue<>();

    /**
     * Creates the storm.
     *
     * @param bag an empty bag
     */
    BagStorm(Bag bag) {
        this.bag = bag;
        this.tokens = new Tokens(bag.tokens(), faults);
    }

    @Override
    public String name() {
        return bag.name();
    }

    @Override
    public void work(Weather weather, SplittableRandom random) {
        int lane = lanes.getAndIncrement();
        int[] held = new int[MAX_HELD];
        int count = 0;
        try {
            while (!weather.isOver()) {
                if (count == 0 || count < MAX_HELD && random.nextBoolean()) {
                    int token = take(lane, random);
                    if (token >= 0) {
                        held[count++] = token;
                    }
                } else if (put(held[count - 1], lane, random)) {
                    count--;
                }
                weather.breathe(random);
            }
        } finally {
            for (int i = 0; i < count; i++) {
                left.add(held[i]);
            }
        }
    }

    private int take(int lane, SplittableRandom random) {
        long token = bag.take(lane, random);
        if (token == Bag.EMPTY) {
            return tokens.fresh();
        }
        operations.increment();
        return tokens.take(token) ? (int) token : -1;
    }

    private boolean put(int token, int lane, SplittableRandom random) {
        // Released before the commit: after the commit another thread may have taken the token.
        tokens.release(token);
        if (bag.put(token, lane, random)) {
            operations.increment();
            return true;
        }
        return !tokens.take(token);
    }

    @Override
    public void settle(Faults found) {
        tokens.settle(visitor -> {
            bag.visit(visitor);
            left.forEach(visitor::accept);
        });
        faults.list().forEach(found::add);
    }

    @Override
    public long operations() {
        return operations.sum();
    }

    @Override
    public List<Operation> sections() {
        return bag.sections();
    }
}
