package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Seccomp;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.testing.Rseqs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** When a request is refused, a child JVM falls back with the reason and the remedy, and counts exactly. */
final class FaultsKernelTest {
    /** Returns rows of filters: system call, argument, value, errno, and a text that the reason must contain. */
    static Stream<Arguments> filters() {
        int rangeBytes = Rseqs.require().copies() << Engine.STRIDE_SHIFT;
        return Stream.of(
                Arguments.of("rseq(2) is unknown", SystemCall.RSEQ.number(), -1, 0, Errno.ENOSYS, "ENOSYS"),
                Arguments.of("rseq(2) is forbidden", SystemCall.RSEQ.number(), -1, 0, Errno.EPERM, "EPERM"),
                Arguments.of("no page becomes executable", SystemCall.MPROTECT.number(), 2,
                        Linux.PROT_READ | Linux.PROT_EXEC, Errno.EACCES, "EACCES"),
                Arguments.of("no range is reserved", SystemCall.MMAP.number(), 1, rangeBytes, Errno.ENOMEM, "ENOMEM"),
                Arguments.of("no thread is pinned", SystemCall.SCHED_SETAFFINITY.number(), -1, 0, Errno.EPERM,
                        "sched_setaffinity"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("filters")
    void fallsBackWhenASystemCallIsRefused(String name, int number, int argument, int value, int errno, String part) {
        runFiltered(number, argument, value, errno).requireFallback(part);
    }

    @Test
    void staysOnRseqWhenOnlyFencesAreRefused() {
        Rseqs.require();
        ChildJvm ended = runFiltered(SystemCall.MEMBARRIER.number(), -1, 0, Errno.EPERM);
        assertEquals("true", ended.get("available"), ended.output());
        assertTrue(ended.get("note").contains("membarrier"), ended.output());
        ended.requireExact();
    }

    @Test
    void registersItselfWhenLibcsRegistrationIsSwitchedOff() {
        Rseqs.require();
        ChildJvm child = run(ChildJvm.NATIVE, ChildJvm.NOT_BY_LIBC);
        assertEquals("OWN", child.get("owner"), child.output());
        child.requireExact();
    }

    @Test
    void fallsBackWhenOnlyLibcMayRegisterAndIsSwitchedOff() {
        Rseqs.require();
        run(List.of(ChildJvm.NATIVE.getFirst(), "-Drseq4j.registration=libc"), ChildJvm.NOT_BY_LIBC)
                .requireFallback("__rseq_size is 0");
    }

    @Test
    void fallsBackWhenTheProviderImageCannotBeLoaded() {
        Rseqs.require();
        runFiltered(SystemCall.MEMFD_CREATE.number(), -1, 0, Errno.EACCES, ChildJvm.NOT_BY_LIBC)
                .requireFallback("memfd_create(librseq4j.so) answered EACCES");
    }

    @Test
    void fallsBackWhenNativeAccessIsDenied() {
        run(List.of("--illegal-native-access=deny"), Map.of()).requireFallback("native access is denied");
    }

    @Test
    void fallsBackWhenThePropertySaysSo() {
        run(List.of("-Drseq4j.registration=never"), Map.of()).requireFallback("rseq4j.registration=never");
        run(List.of("-Drseq4j.registration=sometimes"), Map.of()).requireFallback("rseq4j.registration=sometimes");
    }

    @Test
    void fallsBackOnAnotherSystemOrArchitecture() {
        run(List.of("-Dos.name=Plan 9"), Map.of()).requireFallback("not Linux but Plan 9");
        run(List.of("-Dos.arch=s390x"), Map.of()).requireFallback("not this architecture: s390x");
    }

    @Test
    void runsOnRseqInAPlainChild() {
        Rseqs.require();
        ChildJvm child = run(ChildJvm.NATIVE, Map.of());
        assertEquals("true", child.get("available"), child.output());
        child.requireExact();
    }

    private static ChildJvm runFiltered(int number, int argument, int value, int errno) {
        return runFiltered(number, argument, value, errno, Map.of());
    }

    private static ChildJvm runFiltered(int number, int argument, int value, int errno,
                                     Map<String, String> environment) {
        List<String> command = new ArrayList<>(ChildJvm.java(ChildJvm.NATIVE, Seccomp.class));
        for (int each : new int[] {number, argument, value, errno}) {
            command.add(Integer.toString(each));
        }
        command.addAll(ChildJvm.java(ChildJvm.NATIVE, FaultsChild.class));
        return ChildJvm.start(command, environment);
    }

    private static ChildJvm run(List<String> options, Map<String, String> environment) {
        return ChildJvm.start(ChildJvm.java(options, FaultsChild.class), environment);
    }
}
