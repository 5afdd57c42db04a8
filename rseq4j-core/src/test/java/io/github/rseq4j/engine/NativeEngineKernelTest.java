package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.interpreter.Arguments;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.percpu.PerCpuByteRing;
import io.github.rseq4j.percpu.PerCpuByteStack;
import io.github.rseq4j.percpu.FusedCounters;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuCounters;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.sections.DelayLoadAddStore;
import io.github.rseq4j.sections.LoadAddStore;
import io.github.rseq4j.testing.Rseqs;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine completes what a section could not finish, and loses no update. */
final class NativeEngineKernelTest {
    @Test
    void theSelfTestSawAborts() {
        NativeEngine engine = Rseqs.require();
        assertTrue(engine.selfTest().preemption() > 0, engine.selfTest().toString());
        assertTrue(engine.selfTest().fence() > 0 || !engine.selfTest().fenceNote().isEmpty(),
                engine.selfTest().toString());
        assertTrue(engine.registration().proof().contains("EBUSY"), engine.registration().proof());
    }

    @Test
    void countsOnAThreadThatLostItsRegistration() throws InterruptedException {
        NativeEngine engine = Rseqs.require();
        PerCpuCounter counter = new PerCpuCounter();
        PerCpuCounters block = new PerCpuCounters(8);
        FusedCounters fused = block.fused(5, 6, 7);
        AtomicInteger unregistered = new AtomicInteger(-1);
        Thread thread = Thread.ofPlatform().start(() -> {
            counter.increment();
            Registration registration = engine.registration();
            unregistered.set(Linux.rseq(engine.threadPointer() + registration.offsetBytes(),
                    registration.registeredBytes(), Linux.RSEQ_FLAG_UNREGISTER,
                    Objects.requireNonNull(Architecture.host()).signature()));
            counter.add(10);
            block.add(new int[] {0, 1, 2, 3, 4, 5, 6, 7}, new long[] {1, 2, 3, 4, 5, 6, 7, 8});
            fused.add(10, 20, 30);
        });
        thread.join();
        assertEquals(0, unregistered.get());
        assertEquals(11, counter.sum());
        assertEquals("[1, 2, 3, 4, 5, 16, 27, 38]", block.toString());
    }

    /**
     * The slow path treats segments like the downcall: it only reads a pushed record, and writes only the bytes of a
     * popped one.
     */
    @Test
    void copiesRecordsOnAThreadThatLostItsRegistration() throws InterruptedException {
        NativeEngine engine = Rseqs.require();
        PerCpuByteStack stack = new PerCpuByteStack(1 << 17, 1 << 16);
        PerCpuByteRing ring = new PerCpuByteRing(1 << 18, 1 << 16);
        byte[] source = new byte[1 << 16];
        new SplittableRandom(42).nextBytes(source);
        byte[] target = new byte[200_000];
        List<Integer> answers = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            for (int length : new int[] {0, 5, 65_535, 65_536}) {
                MemorySegment record = MemorySegment.ofArray(source).asSlice(0, length).asReadOnly();
                engine.join();
                answers.add(Linux.rseq(engine.threadPointer() + engine.registration().offsetBytes(),
                        engine.registration().registeredBytes(), Linux.RSEQ_FLAG_UNREGISTER,
                        Objects.requireNonNull(Architecture.host()).signature()));
                answers.add(stack.push(record) && ring.push(record) ? 0 : 1);
                Arrays.fill(target, (byte) 3);
                answers.add(stack.pop(MemorySegment.ofArray(target)) - length);
                answers.add(Arrays.mismatch(source, 0, length, target, 0, length) + 1);
                answers.add(target[length] - 3);
                Linux.rseq(engine.threadPointer() + engine.registration().offsetBytes(),
                        engine.registration().registeredBytes(), 0,
                        Objects.requireNonNull(Architecture.host()).signature());
            }
        });
        thread.join();
        assertEquals(Collections.nCopies(20, 0), answers);
        List<byte[]> records = new ArrayList<>();
        assertEquals(4, ring.drain(records::add));
        records.forEach(record -> assertArrayEquals(Arrays.copyOf(source, record.length), record));
    }

    /** An exit is not tried again: its status is returned unchanged, for each section. */
    @Test
    void returnsAnExitUnchanged() {
        NativeEngine engine = Rseqs.require();
        Chain chain = counted("left", 1);
        for (int completed = 0; completed < 4; completed++) {
            long status = Status.failure(Status.EXIT + completed, completed);
            assertEquals(status, engine.complete(chain, status, 0, 0), "nothing runs: address 0 is not mapped");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Status.ABORTED, Status.UNREGISTERED, Status.OUT_OF_RANGE})
    void finishesAChainFromTheSectionThatFailed(int code) {
        NativeEngine engine = Rseqs.require();
        for (int completed = 0; completed < 8; completed++) {
            long[] arguments = new long[16];
            for (int i = 0; i < 8; i++) {
                arguments[2 * i] = Cells.get().allocate(this, 1);
                arguments[2 * i + 1] = 100L + i;
            }
            assertEquals(0, engine.complete(LoadAddStore.EIGHT, Status.failure(code, completed), arguments));
            for (int i = 0; i < 8; i++) {
                assertEquals(i < completed ? 0 : 100 + i, Cells.get().sum(arguments[2 * i]), "section " + i);
            }
        }
    }

    @Test
    void runsStepByStepWhereNoFunctionCanBeMapped() throws Throwable {
        NativeEngine engine = Rseqs.require();
        long first = Cells.get().allocate(this, 1);
        long second = Cells.get().allocate(this, 1);
        var handle = engine.stepByStep().handle(LoadAddStore.TWO, Arguments.NONE);
        assertEquals(engine.handle(LoadAddStore.TWO).type(), handle.type());
        for (int i = 0; i < 3; i++) {
            assertEquals(0, (long) handle.invokeExact(first, 5L, second, -7L));
        }
        assertEquals(15, Cells.get().sum(first));
        assertEquals(-21, Cells.get().sum(second));
    }

    @Test
    void countsTheAbortsThatAWalkOverTheCpusCauses() throws InterruptedException {
        NativeEngine engine = Rseqs.require();
        MethodHandle delayed = engine.handle(DelayLoadAddStore.CHAIN);
        long cell = Cells.get().allocate(this, 1);
        long before = engine.aborts(DelayLoadAddStore.CHAIN);
        AtomicInteger aborted = new AtomicInteger();
        AtomicInteger committed = new AtomicInteger();
        Thread thread = Thread.ofPlatform().start(() -> {
            engine.join();
            while (!Thread.currentThread().isInterrupted()) {
                long status = call(delayed, cell);
                (status == 0 ? committed : aborted).addAndGet(status == 0 || Status.code(status) == Status.ABORTED
                        ? 1 : 0);
            }
        });
        // If the thread runs on the walker's next CPU, the walker preempts it.
        for (int i = 0; i < 10_000 && aborted.get() == 0; i++) {
            engine.fenceByWalking();
        }
        thread.interrupt();
        thread.join();
        assertTrue(aborted.get() > 0, "a walk aborts the section that it preempts");
        assertEquals(before + aborted.get(), engine.aborts(DelayLoadAddStore.CHAIN));
        assertEquals(committed.get(), Cells.get().sum(cell));
    }

    private static long call(MethodHandle delayed, long cell) {
        try {
            return (long) delayed.invokeExact(cell, (long) DelayLoadAddStore.MAX_ITERATIONS);
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    private static Chain counted(String name, long delta) {
        List<Section> sections = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Operand.Reg cell = Operand.arg(0);
            Step commit = new Step.CommitAdd(Mem.cell(cell, 8 * i), Operand.imm(delta), Width.LONG, Order.RELAXED);
            sections.add(new Section(name, i < 3 ? List.of(commit) : List.of(
                    new Step.ExitIf(Condition.EQUAL, Operand.arg(1), Operand.imm(7), Width.LONG, 2),
                    new Step.Delay(Operand.arg(1), 10), commit), null));
        }
        return new Chain(name, 2, Chain.DEFAULT_RESTARTS, sections);
    }

    /** The status counts the committed sections from the first one, after any number of tries. */
    @ParameterizedTest
    @ValueSource(ints = {Status.ABORTED, Status.UNREGISTERED, Status.OUT_OF_RANGE})
    void reportsTheNumberOfAllCommittedSections(int code) {
        NativeEngine engine = Rseqs.require();
        Chain chain = counted("counted", 1);
        engine.admit(SimulationProof.of(chain, 42));
        for (int completed = 0; completed < 4; completed++) {
            long cell = Cells.get().allocate(this, 4);
            assertEquals(Status.failure(Status.EXIT + 2, 3),
                    engine.complete(chain, Status.failure(code, completed), cell, 7), "exit, from " + completed);
            assertEquals(Status.failure(Status.OUT_OF_RANGE, 3),
                    engine.complete(chain, Status.failure(code, completed), cell, 11), "delay, from " + completed);
            for (int i = 0; i < 4; i++) {
                assertEquals(i < completed || i == 3 ? 0 : 2, Cells.get().sum(cell + 8L * i), "section " + i);
            }
        }
    }

    @Test
    void emitsEqualChainsOnceAndOthersOfTheSameNameSeparately() {
        NativeEngine engine = Rseqs.require();
        long[] entries = new long[3];
        for (int i = 0; i < 3; i++) {
            Chain chain = counted("load_add_store_relaxed", 1 + i / 2);
            engine.admit(SimulationProof.of(chain, 42));
            entries[i] = engine.entry(chain);
        }
        assertEquals(entries[0], entries[1]);
        assertNotEquals(entries[0], entries[2]);
        assertNotEquals(entries[0], engine.entry(LoadAddStore.ONE), "a standard section keeps its name");
    }

    @Test
    void refusesASectionWithoutAProof() {
        NativeEngine engine = Rseqs.require();
        Chain stray = Chain.of(1, new Section("stray", List.of(new Step.CommitStore(Mem.cell(Operand.arg(0)),
                Operand.imm(1), Width.LONG, Order.RELAXED)), null));
        String message = assertThrows(IllegalArgumentException.class, () -> engine.handle(stray)).getMessage();
        assertTrue(String.valueOf(message).contains("chain=stray"), message);
    }

    @Test
    void provesAnOwnerOnlyByItsExactArea() throws InterruptedException {
        NativeEngine engine = Rseqs.require();
        Registration found = engine.registration();
        int signature = Objects.requireNonNull(Architecture.host()).signature();
        int[] answers = new int[4];
        Thread thread = Thread.ofPlatform().start(() -> {
            engine.join();
            long area = engine.threadPointer() + found.offsetBytes();
            answers[0] = Linux.rseq(area, found.registeredBytes(), 0, signature);
            answers[1] = Linux.rseq(area, found.registeredBytes(), 0, signature + 1);
            answers[2] = Linux.rseq(area + 64, found.registeredBytes(), 0, signature);
            answers[3] = Linux.rseq(area, found.registeredBytes() + 64, 0, signature);
        });
        thread.join();
        assertEquals(-Errno.EBUSY, answers[0], "the registration itself");
        assertEquals(-Errno.EPERM, answers[1], "another signature");
        assertEquals(-Errno.EINVAL, answers[2], "another area");
        assertEquals(-Errno.EINVAL, answers[3], "another length");
    }

    /** The table of the answers of rseq(2) in docs/abi.md. */
    @Test
    void theKernelAnswersAsInTheTable() throws InterruptedException {
        NativeEngine engine = Rseqs.require();
        Registration found = engine.registration();
        int length = found.registeredBytes();
        int signature = Objects.requireNonNull(Architecture.host()).signature();
        List<Integer> answers = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            engine.join();
            long area = engine.threadPointer() + found.offsetBytes();
            int off = Linux.RSEQ_FLAG_UNREGISTER;
            answers.add(Linux.rseq(area, length, off, signature + 1));
            answers.add(Linux.rseq(area + 64, length, off, signature));
            answers.add(Linux.rseq(area, length + 64, off, signature));
            answers.add(Linux.rseq(area, length, 1 << 20, signature));
            answers.add(Linux.rseq(area, length, off, signature));
            answers.add(Linux.rseq(area, length, off, signature));
            answers.add(Linux.rseq(area + 4, length, 0, signature));
            answers.add(Linux.rseq(area, 16, 0, signature));
            answers.add(Linux.rseq(Long.MIN_VALUE, length, 0, signature));
            answers.add(Linux.rseq(area, length, 0, signature));
        });
        thread.join();
        assertEquals(List.of(-Errno.EPERM, -Errno.EINVAL, -Errno.EINVAL, -Errno.EINVAL, 0, -Errno.EINVAL, -Errno.EINVAL,
                -Errno.EINVAL, -Errno.EFAULT, 0), answers, "unregister with another signature, area, "
                + "length, unknown flags; unregister; once more; register misaligned, too short, at a kernel's "
                + "address; register");
    }

    @Test
    void doesNotMistakeAnotherAreaForLibcs() throws InterruptedException {
        NativeEngine engine = Rseqs.require();
        Registration found = engine.registration();
        Registration[] judged = new Registration[1];
        Thread thread = Thread.ofPlatform().start(() -> judged[0] = new Registration(found.owner(), found.offsetBytes(),
                0, found.featureBytes(), "", "", "").proven(() -> engine.threadPointer() - 64, 0));
        thread.join();
        assertEquals(io.github.rseq4j.registration.Owner.NONE, Objects.requireNonNull(judged[0]).owner());
        assertTrue(!judged[0].reason().isEmpty() && !judged[0].remedy().isEmpty(), judged[0].toString());
    }
}
