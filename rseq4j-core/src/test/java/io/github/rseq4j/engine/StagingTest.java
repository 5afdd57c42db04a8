package io.github.rseq4j.engine;

import static io.github.rseq4j.code.Operand.arg;
import static io.github.rseq4j.code.Operand.imm;
import static io.github.rseq4j.code.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.rseq4j.code.Chain;
import io.github.rseq4j.code.Mem;
import io.github.rseq4j.code.Order;
import io.github.rseq4j.code.Section;
import io.github.rseq4j.code.Step;
import io.github.rseq4j.code.Width;
import io.github.rseq4j.registration.Registration;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An array of the heap is copied from and to by a chain although it has no address. */
final class StagingTest {
    private static final int MAX_BYTES = 64;
    private static final Step COUNT = new Step.CommitAdd(Mem.cell(arg(0)), imm(1), Width.LONG, Order.RELEASE);
    private static final Chain IN = Chain.of(3, new Section("memcpy_add",
            List.of(new Step.Copy(Mem.cell(arg(0), 8), arg(1), arg(2), MAX_BYTES), COUNT), null));
    private static final Chain OUT = Chain.of(3, new Section("memcpy_out_add",
            List.of(new Step.Address(temp(0), Mem.cell(arg(0), 8)),
                    new Step.Copy(Mem.at(arg(1), 0), temp(0), arg(2), MAX_BYTES), COUNT),
            null));

    private final FallbackEngine engine = new FallbackEngine(Registration.none("test", ""), SelfTest.Outcome.NOT_RUN);
    private final long cell = engine.reserve();
    private final MethodHandle in = engine.handle(IN, 1);
    private final MethodHandle out = engine.handle(OUT, 1);

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 15, 16, 63, 64})
    void bytesGoInAndComeOut(int length) throws Throwable {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 37 - 100);
        }
        byte[] copy = new byte[length + 3];
        copy[length] = 42;
        for (int round = 0; round < 40; round++) {
            assertEquals(0L, (long) in.invokeExact(cell, MemorySegment.ofArray(bytes), (long) length));
            assertEquals(0L, (long) out.invokeExact(cell, MemorySegment.ofArray(copy).asSlice(0, length),
                    (long) length));
        }
        byte[] expected = Arrays.copyOf(bytes, length + 3);
        expected[length] = 42;
        assertArrayEquals(expected, copy);
    }

    @Test
    void longsKeepTheirOrder() throws Throwable {
        long[] longs = {Long.MIN_VALUE, -1, 0, 0x0102_0304_0506_0708L};
        long[] copy = new long[longs.length];
        assertEquals(0L, (long) in.invokeExact(cell, MemorySegment.ofArray(longs), 32L));
        assertEquals(0L, (long) out.invokeExact(cell, MemorySegment.ofArray(copy), 32L));
        assertArrayEquals(longs, copy);
    }

    @Test
    void whatIsLongerThanACopyIsRefused() {
        MemorySegment data = MemorySegment.ofArray(new byte[Section.MAX_COPY_BYTES + 1]);
        String message = assertThrows(IllegalArgumentException.class,
                () -> in.invoke(cell, data, 0L)).getMessage();
        assertEquals("segment.byteSize=65537, at most 65536", message);
    }
}
