package io.github.rseq4j.section;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.percpu.PerCpuItems;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.testing.Rseqs;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Users' sections happen once when the kernel aborts them, and on a thread that has lost its registration. */
final class RestartableSectionKernelTest {
    private static final long SEED = 42;

    static Stream<Arguments> sections() {
        return Stream.of(UserSections.max(), UserSections.push(), UserSections.pop(), UserSections.popOffset(),
                UserSections.append(), UserSections.take(), UserSections.delayed(), UserSections.fetchAdd())
                .map(section -> Arguments.of(section.name(), section));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("sections")
    void happensOnceWhenAbortedAtAnyInstruction(String name, RestartableSection section) {
        Rseqs.require();
        RestartableSection.AbortReport report = section.proveAborts(SEED);
        assertTrue(report.boundaries() >= 3 * section.sections(), name + ": " + report);
        assertTrue(report.aborts() >= report.boundaries(), name + ": " + report);
    }

    @Test
    void refusesToProveAbortsOnAVirtualThread() throws InterruptedException {
        Rseqs.require();
        FutureTask<RestartableSection.AbortReport> proof =
                new FutureTask<>(() -> UserSections.max().proveAborts(SEED));
        Thread.ofVirtual().start(proof).join();
        String message = "";
        try {
            proof.get();
        } catch (ExecutionException e) {
            message = String.valueOf(e.getMessage());
        }
        assertTrue(message.contains("is virtual"), message);
    }

    @Test
    void completesOnAThreadThatLostItsRegistration() throws InterruptedException, ExecutionException {
        NativeEngine engine = Rseqs.require();
        RestartableSection take = UserSections.take();
        RestartableSection delayed = UserSections.delayed();
        try (PerCpuItems items = new PerCpuItems(24)) {
            long item = items.allocate();
            for (int index = 0; index < items.copies(); index++) {
                items.putLong(item, index, 8, 10);
            }
            FutureTask<Long> statuses = new FutureTask<>(() -> {
                assertEquals(5, take.call(item, 5).value());
                Registration registration = engine.registration();
                assertEquals(0, Linux.rseq(engine.threadPointer() + registration.offsetBytes(),
                        registration.registeredBytes(), Linux.RSEQ_FLAG_UNREGISTER,
                        Objects.requireNonNull(Architecture.host()).signature()));
                assertEquals(0, delayed.call(item, 10).value());
                return take.call(item, 5).value();
            });
            Thread.ofPlatform().start(statuses).join();
            assertEquals(5, statuses.get());
            long[] sums = new long[3];
            for (int index = 0; index < items.copies(); index++) {
                for (int word = 0; word < sums.length; word++) {
                    sums[word] += items.getLong(item, index, word * Long.BYTES);
                }
            }
            assertArrayEquals(new long[] {3, 10L * items.copies() - 2 + 1, 10}, sums);
        }
    }
}
