package io.github.rseq4j.cli.selftest.storm;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.Address;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each storm finds the kind of broken structure for which it was made. */
final class BrokenStormsTest {
    private static final long NANOS = 200_000_000;
    private static final int TRIES = 50;
    private static final int DWELL_NANOS = 20_000;

    /** A section that takes the lock without checking that it is free. */
    private static final Operation TAKE_BLINDLY = Operation.of(Chain.of(1, new Section("take_blindly", List.of(
            new Address(temp(0), Mem.cell(arg(0))),
            new CommitStore(Mem.cell(arg(0)), imm(1), Width.LONG, Order.RELAXED)), temp(0))));
    /** A section that overwrites a counter instead of adding to it. */
    private static final Operation OVERWRITE = Operation.of(Chain.of(2, new Section("overwrite", List.of(
            new CommitStore(Mem.cell(arg(0)), arg(1), Width.LONG, Order.RELAXED)), null)));
    /** A section that writes a list's head without checking its value. */
    private static final Operation SET_HEAD = Operation.of(Chain.of(2, new Section("set_head", List.of(
            new CommitStore(Mem.cell(arg(0)), arg(1), Width.LONG, Order.RELAXED)), null)));

    /** Replaces the operation that takes a token. */
    @FunctionalInterface
    private interface Take {
        long take(int lane, SplittableRandom random);
    }

    /** Replaces the operation that puts a token. */
    @FunctionalInterface
    private interface Put {
        boolean put(int token, int lane, SplittableRandom random);
    }

    /** A bag with one operation replaced. */
    private record Half(Bag whole, Take taking, Put putting) implements Bag {
        static Half taking(Bag whole, Take taking) {
            return new Half(whole, taking, whole::put);
        }

        static Half putting(Bag whole, Put putting) {
            return new Half(whole, whole::take, putting);
        }

        @Override
        public String name() {
            return whole.name();
        }

        @Override
        public int tokens() {
            return whole.tokens();
        }

        @Override
        public boolean put(int token, int lane, SplittableRandom random) {
            return putting.put(token, lane, random);
        }

        @Override
        public long take(int lane, SplittableRandom random) {
            return taking.take(lane, random);
        }

        @Override
        public void visit(IntConsumer visitor) {
            whole.visit(visitor);
        }

        @Override
        public List<Operation> sections() {
            return List.of();
        }
    }

    private static AddressSpace memory() {
        return Engine.get().memory();
    }

    private static void dwell(SplittableRandom random) {
        if (random.nextInt(16) == 0) {
            LockSupport.parkNanos(DWELL_NANOS);
        }
    }

    /** A pop whose section does not check the head again: the list or the node may be another one by then. */
    private static Storm popWithoutCheck() {
        NodeList list = new NodeList();
        return new BagStorm(Half.taking(list, (_, random) -> {
            long node = memory().getLong(list.head(random.nextInt(Engine.get().copies())));
            if (node == 0) {
                return Bag.EMPTY;
            }
            long next = memory().getLong(node);
            dwell(random);
            SET_HEAD.call(random, list.head(0), next);
            return list.token(node);
        }));
    }

    /** A push that increments the count before it stores the word. */
    private static Storm pushThatStoresLast() {
        WordBuffer buffer = new WordBuffer();
        return new BagStorm(Half.putting(buffer, (token, _, random) -> {
            long count = buffer.count(random.nextInt(Engine.get().copies()));
            long before = memory().getLong(count);
            if (before >= WordBuffer.CAPACITY) {
                return false;
            }
            memory().putLong(count, before + 1);
            dwell(random);
            memory().putLong(count + WordBuffer.FIRST_WORD + before * Long.BYTES, token);
            return true;
        }));
    }

    /** A pop that copies the record after its commit. */
    private static Storm copyAfterTheCommit() {
        RecordBuffer buffer = new RecordBuffer(Weather.PLATFORM_THREADS + Storm.VIRTUAL_THREADS);
        return new BagStorm(Half.taking(buffer, (_, random) -> {
            long used = buffer.used(random.nextInt(Engine.get().copies()));
            long bytes = memory().getLong(used) - RecordBuffer.RECORD_BYTES;
            if (bytes < 0) {
                return Bag.EMPTY;
            }
            memory().putLong(used, bytes);
            dwell(random);
            return buffer.read(used + RecordBuffer.FIRST_RECORD + bytes);
        }));
    }

    static Stream<Arguments> broken() {
        return Stream.of(
                Arguments.of("a counter that is overwritten", (Supplier<Storm>) () -> new CounterStorm(OVERWRITE)),
                Arguments.of("a lock that is taken blindly", (Supplier<Storm>) () -> new LockStorm(TAKE_BLINDLY)),
                Arguments.of("a pop without a check", (Supplier<Storm>) BrokenStormsTest::popWithoutCheck),
                Arguments.of("a push that stores last", (Supplier<Storm>) BrokenStormsTest::pushThatStoresLast),
                Arguments.of("a copy after the commit", (Supplier<Storm>) BrokenStormsTest::copyAfterTheCommit),
                Arguments.of("a switch without a fence",
                        (Supplier<Storm>) () -> new SwitchStorm("no fence", (_, _) -> { })));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("broken")
    void detectsABrokenStructure(String name, Supplier<Storm> storm) throws InterruptedException {
        List<String> wrong = List.of();
        for (int i = 0; i < TRIES && wrong.isEmpty(); i++) {
            wrong = Skies.run(storm.get(), NANOS).wrong();
        }
        assertFalse(wrong.isEmpty(), name + " was not detected");
    }
}
