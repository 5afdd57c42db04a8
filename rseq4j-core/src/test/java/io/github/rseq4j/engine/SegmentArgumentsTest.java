package io.github.rseq4j.engine;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.interpreter.Arguments;
import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.testing.Rseqs;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments.ArgumentSet;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every runner of a chain copies from a segment and to it, and does nothing else with the segment. */
final class SegmentArgumentsTest {
    private static final int MAX_BYTES = Section.MAX_COPY_BYTES;
    private static final int ROUNDS = 20_000;
    private static final Step COUNT = new Step.CommitAdd(Mem.cell(arg(0)), imm(1), Width.LONG, Order.RELEASE);
    private static final List<Assumption> APART = List.of(Assumption.apart(arg(1), "a segment is no cell"));
    private static final Chain IN = Chain.of(3, new Section("memcpy_add",
            List.of(new Step.Copy(Mem.cell(arg(0), 8), arg(1), arg(2), MAX_BYTES), COUNT), null, APART));
    /** The bytes go to the segment at offset 3. */
    private static final Chain OUT = Chain.of(3, new Section("memcpy_out_add",
            List.of(new Step.Address(temp(0), Mem.cell(arg(0), 8)),
                    new Step.Copy(Mem.at(arg(1), 3), temp(0), arg(2), MAX_BYTES), COUNT),
            null, APART));
    private static final int OUT_AT = 3;
    private static final VarHandle BYTES = MethodHandles.arrayElementVarHandle(byte[].class);
    private static final int[] LENGTHS = {0, 1, 7, 8, 9, 15, 16, 63, 64, 4095, 65_535, 65_536};
    /** The numbers of bytes by which a segment is longer than the copy. */
    private static final int[] REST = {0, 1, 8, 100_000};

    /** The runners of a chain: bytecode, the steps one by one on native memory, and machine code. */
    enum Runner {
        FALLBACK, STEP_BY_STEP, EMITTED;

        Runs open() {
            if (this == FALLBACK) {
                FallbackEngine own = new FallbackEngine(Registration.none("test", ""), SelfTest.Outcome.NOT_RUN);
                return new Runs(own, own.reserve(), own.handle(IN, 1), own.handle(OUT, 1));
            }
            assumeTrue(Engine.get() instanceof NativeEngine, "needs restartable sequences");
            NativeEngine engine = Rseqs.require();
            long cell = engine.reserve() + 4096;
            if (this == STEP_BY_STEP) {
                return new Runs(engine, cell, engine.stepByStep().handle(IN, 1), engine.stepByStep().handle(OUT, 1));
            }
            engine.admit(SimulationProof.of(IN, 42));
            engine.admit(SimulationProof.of(OUT, 42));
            return new Runs(engine, cell, engine.handle(IN, 1), engine.handle(OUT, 1));
        }
    }

    /** The two chains, on one cell. */
    record Runs(Engine engine, long cell, MethodHandle in, MethodHandle out) {
        long in(MemorySegment data, long length) {
            return call(in, data, length);
        }

        long out(MemorySegment data, long length) {
            return call(out, data, length);
        }

        private long call(MethodHandle handle, MemorySegment data, long length) {
            try {
                return (long) handle.invokeExact(cell, data, length);
            } catch (Throwable t) {
                throw Native.rethrown(t);
            }
        }

        long count() {
            long sum = 0;
            for (int index = 0; index < engine.copies(); index++) {
                sum += engine.memory().getLong(cell + ((long) index << Engine.STRIDE_SHIFT));
            }
            return sum;
        }
    }

    @TempDir
    private Path folder = Path.of("");

    private static byte[] pattern(int length, int seed) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 37 + seed);
        }
        return bytes;
    }

    private static byte[] content(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_BYTE);
    }

    /** Returns segments of a length, of every kind; they live at most as long as the arena. */
    private List<MemorySegment> segments(Arena arena, int bytes) throws IOException {
        List<MemorySegment> segments = new ArrayList<>(List.of(
                MemorySegment.ofArray(new byte[bytes]),
                MemorySegment.ofArray(new byte[bytes + 5]).asSlice(3, bytes),
                MemorySegment.ofArray(new long[bytes / 8 + 2]).asSlice(1, bytes),
                MemorySegment.ofArray(new double[bytes / 8 + 1]).asSlice(0, bytes),
                MemorySegment.ofArray(new int[bytes / 4 + 2]).asSlice(5, bytes),
                MemorySegment.ofArray(new char[bytes / 2 + 2]).asSlice(3, bytes),
                arena.allocate(bytes + 1L).asSlice(1, bytes),
                Arena.ofAuto().allocate(bytes + 8L, 8).asSlice(0, bytes)));
        Path file = Files.write(folder.resolve("mapped"), new byte[bytes + 1]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            segments.add(channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes + 1L, arena).asSlice(0, bytes));
        }
        return segments;
    }

    @ParameterizedTest
    @EnumSource
    void copiesFromSegmentsOfEveryKindAndOnlyReadsThem(Runner runner) throws IOException {
        Runs runs = runner.open();
        int calls = 0;
        try (Arena arena = Arena.ofConfined()) {
            for (int length : LENGTHS) {
                for (int rest : REST) {
                    byte[] bytes = pattern(length + rest, length + rest);
                    for (MemorySegment data : segments(arena, length + rest)) {
                        MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, 0, bytes.length);
                        byte[] found = new byte[length + OUT_AT];
                        assertEquals(0, runs.in(data.asReadOnly(), length), "length=" + length + ", " + data);
                        assertEquals(0, runs.out(MemorySegment.ofArray(found), length));
                        calls += 2;
                        assertArrayEquals(Arrays.copyOf(bytes, length),
                                Arrays.copyOfRange(found, OUT_AT, found.length), data.toString());
                        assertArrayEquals(bytes, content(data), "the source is unchanged");
                    }
                }
            }
        }
        assertEquals(calls, runs.count());
    }

    @ParameterizedTest
    @EnumSource
    void copiesToSegmentsOfEveryKindAndWritesNoOtherByte(Runner runner) throws IOException {
        Runs runs = runner.open();
        try (Arena arena = Arena.ofConfined()) {
            for (int length : LENGTHS) {
                byte[] bytes = pattern(length, length + 1);
                for (int rest : REST) {
                    for (MemorySegment data : segments(arena, OUT_AT + length + rest)) {
                        byte[] expected = pattern(OUT_AT + length + rest, 11);
                        MemorySegment.copy(expected, 0, data, ValueLayout.JAVA_BYTE, 0, expected.length);
                        System.arraycopy(bytes, 0, expected, OUT_AT, length);
                        assertEquals(0, runs.in(MemorySegment.ofArray(bytes), length));
                        assertEquals(0, runs.out(data, length));
                        assertArrayEquals(expected, content(data), "length=" + length + ", " + data);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsTheByteOrderOfLongs(Runner runner) {
        Runs runs = runner.open();
        long[] longs = {Long.MIN_VALUE, -1, 0, 0x0102_0304_0506_0708L};
        assertEquals(0L, runs.in(MemorySegment.ofArray(longs), 32L));
        MemorySegment found = MemorySegment.ofArray(new byte[OUT_AT + 32]);
        assertEquals(0L, runs.out(found, 32L));
        assertArrayEquals(longs, found.asSlice(OUT_AT).toArray(ValueLayout.JAVA_LONG_UNALIGNED));
    }

    /** Another thread owns a byte of the source, and bytes next to the target. */
    @ParameterizedTest
    @EnumSource
    void keepsConcurrentWritesToOtherBytes(Runner runner) throws InterruptedException {
        Runs runs = runner.open();
        byte[] shared = new byte[256];
        MemorySegment segment = MemorySegment.ofArray(shared);
        Thread copier = Thread.ofPlatform().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                runs.in(segment, 64);
                runs.out(segment.asSlice(64), 16);
            }
        });
        try {
            int[] own = {7, 64 + OUT_AT - 1, 64 + OUT_AT + 16, 255};
            for (int round = 0; round < ROUNDS; round++) {
                for (int at : own) {
                    BYTES.setVolatile(shared, at, (byte) round);
                }
                for (int i = 0; i < 100; i++) {
                    Thread.onSpinWait();
                }
                for (int at : own) {
                    assertEquals((byte) round, (byte) BYTES.getVolatile(shared, at), "byte " + at);
                }
            }
        } finally {
            copier.interrupt();
            copier.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLengthAboveTheBoundIsOutOfRangeAndCopiesNothing(Runner runner) {
        Runs runs = runner.open();
        for (long length : new long[] {MAX_BYTES + 1, Integer.MAX_VALUE, -1, Long.MIN_VALUE}) {
            MemorySegment data = MemorySegment.ofArray(pattern(100, 3));
            assertEquals(Status.failure(Status.OUT_OF_RANGE, 0), runs.in(data, length));
            assertEquals(Status.failure(Status.OUT_OF_RANGE, 0), runs.out(data, length));
            assertArrayEquals(pattern(100, 3), content(data));
        }
        assertEquals(0, runs.count());
    }

    /** A downcall refuses these for every section, so the other runners refuse them even where nothing is copied. */
    @SuppressWarnings("MustBeClosedChecker") // A confined arena cannot be closed by this thread.
    @ParameterizedTest
    @EnumSource
    void refusesSegmentsThatAreClosedOrConfinedToAnotherThread(Runner runner) throws InterruptedException {
        Runs runs = runner.open();
        MemorySegment closed;
        try (Arena arena = Arena.ofShared()) {
            closed = arena.allocate(64);
        }
        MemorySegment[] others = new MemorySegment[1];
        Thread other = Thread.ofPlatform().start(() -> others[0] = Arena.ofConfined().allocate(64));
        other.join();
        for (long length : new long[] {0, 8, -1}) {
            assertThrows(IllegalStateException.class, () -> runs.in(closed, length));
            assertThrows(IllegalStateException.class, () -> runs.out(closed, length));
            assertThrows(WrongThreadException.class, () -> runs.in(others[0], length));
            assertThrows(WrongThreadException.class, () -> runs.out(others[0], length));
        }
        assertEquals(0, runs.count());
    }

    /** Machine code cannot check this; the other runners commit nothing and write nothing. */
    @ParameterizedTest
    @EnumSource(names = {"FALLBACK", "STEP_BY_STEP"})
    void refusesSegmentsThatDoNotFitBeforeAnyEffect(Runner runner) {
        Runs runs = runner.open();
        byte[] bytes = pattern(16, 5);
        MemorySegment data = MemorySegment.ofArray(bytes);
        assertThrows(IllegalArgumentException.class, () -> runs.out(data.asReadOnly(), 8));
        assertThrows(IndexOutOfBoundsException.class, () -> runs.out(data, 17 - OUT_AT));
        assertThrows(IndexOutOfBoundsException.class, () -> runs.in(data, 17));
        assertArrayEquals(pattern(16, 5), bytes);
        assertEquals(0, runs.count());
        assertEquals(0, runs.in(data, 16), "the lock was released");
    }

    static Stream<ArgumentSet> chainsThatNeedAnAddress() {
        Operand.Reg segment = arg(1);
        Step in = new Step.Copy(Mem.cell(arg(0), 8), segment, arg(2), MAX_BYTES);
        return Stream.of(
                refused("a load", new Step.Load(temp(0), Mem.at(segment, 0), Width.LONG)),
                refused("a store", new Step.Store(Mem.at(segment, 0), imm(1), Width.LONG)),
                refused("a move", new Step.Move(temp(0), segment)),
                refused("an address", new Step.Address(temp(0), Mem.at(segment, 8))),
                refused("a stored value", new Step.Store(Mem.cell(arg(0), 8), segment, Width.LONG)),
                refused("a comparison", new Step.ExitIf(io.github.rseq4j.section.Condition.EQUAL, segment, imm(0),
                        Width.LONG, 0)),
                refused("a length", new Step.Copy(Mem.cell(arg(0), 8), arg(2), segment, 8)),
                refused("a cell", new Step.Copy(Mem.cell(segment), arg(2), arg(0), 8)),
                refused("an index", new Step.Copy(Mem.element(arg(0), 8, segment, 8), arg(2), arg(0), 8)),
                refused("itself", new Step.Copy(Mem.at(segment, 64), segment, arg(0), 8)),
                org.junit.jupiter.params.provider.Arguments.argumentSet("a result",
                        Chain.of(3, new Section("refused", List.of(in, COUNT), segment))));
    }

    private static ArgumentSet refused(String what, Step step) {
        return org.junit.jupiter.params.provider.Arguments.argumentSet(what,
                Chain.of(3, new Section("refused", List.of(step, COUNT), null)));
    }

    @ParameterizedTest
    @MethodSource("chainsThatNeedAnAddress")
    void refusesAChainThatNeedsTheAddressOfASegment(Chain chain) {
        FallbackEngine own = new FallbackEngine(Registration.none("test", ""), SelfTest.Outcome.NOT_RUN);
        String message = assertThrows(IllegalArgumentException.class, () -> own.handle(chain, 1)).getMessage();
        assertTrue(String.valueOf(message).contains("a1 is a segment"), message);
    }

    @Test
    void refusesAnArgumentOutOfRange() {
        for (int segment : new int[] {-1, 3}) {
            assertThrows(IllegalArgumentException.class, () -> Arguments.checkSegment(IN, segment));
        }
    }
}
