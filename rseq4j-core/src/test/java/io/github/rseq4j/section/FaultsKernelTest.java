package io.github.rseq4j.section;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Seccomp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is refused, a child JVM falls back, says why and what to do, and counts exactly. */
final class FaultsKernelTest {
    private static final Path CLASSES =
            Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")), "rseq4j-core", "target", "classes");

    private static final Map<String, String> NOT_BY_LIBC = Map.of("GLIBC_TUNABLES", "glibc.pthread.rseq=0");

    private static Architecture.Numbers numbers() {
        return Objects.requireNonNull(Architecture.host()).numbers();
    }

    /** A filter as its row in a table: system call, argument, value, errno; and what the reason must name. */
    static Stream<Arguments> filters() {
        int rangeBytes = Rseqs.require().copies() << Engine.STRIDE_SHIFT;
        return Stream.of(
                Arguments.of("rseq(2) is unknown", numbers().rseq(), -1, 0, Errno.ENOSYS, "ENOSYS"),
                Arguments.of("rseq(2) is forbidden", numbers().rseq(), -1, 0, Errno.EPERM, "EPERM"),
                Arguments.of("no page becomes executable", numbers().mprotect(), 2, Linux.PROT_READ | Linux.PROT_EXEC,
                        Errno.EACCES, "EACCES"),
                Arguments.of("no range is reserved", numbers().mmap(), 1, rangeBytes, Errno.ENOMEM, "ENOMEM"),
                Arguments.of("no thread is pinned", numbers().sched_setaffinity(), -1, 0, Errno.EPERM,
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
        Child ended = runFiltered(numbers().membarrier(), -1, 0, Errno.EPERM);
        assertEquals("true", ended.get("available"), ended.output);
        assertTrue(ended.get("note").contains("membarrier"), ended.output);
        ended.requireExact();
    }

    @Test
    void registersWhenLibcIsToldNotTo() {
        Rseqs.require();
        Child child = run(List.of("--enable-native-access=ALL-UNNAMED"), NOT_BY_LIBC);
        assertEquals("OWN", child.get("owner"), child.output);
        child.requireExact();
    }

    @Test
    void fallsBackWhenLibcIsToldNotToRegisterAndNobodyElseMay() {
        Rseqs.require();
        run(List.of("--enable-native-access=ALL-UNNAMED", "-Drseq4j.registration=libc"), NOT_BY_LIBC)
                .requireFallback("__rseq_size is 0");
    }

    @Test
    void fallsBackWhenTheProviderImageCannotBeLoaded() {
        Rseqs.require();
        runFiltered(numbers().memfd_create(), -1, 0, Errno.EACCES, NOT_BY_LIBC)
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
        Child child = run(List.of("--enable-native-access=ALL-UNNAMED"), Map.of());
        assertEquals("true", child.get("available"), child.output);
        child.requireExact();
    }

    /** What a child JVM has printed. */
    private record Child(int exit, String output) {
        String get(String key) {
            return output.lines().filter(line -> line.startsWith(key + "=")).findFirst().orElse("")
                    .replaceFirst("^[^=]*=", "");
        }

        void requireExact() {
            assertEquals(0, exit, output);
            assertEquals(get("expected"), get("counted"), output);
            assertFalse(get("expected").isEmpty(), output);
        }

        void requireFallback(String part) {
            assertEquals("false", get("available"), output);
            assertEquals("NONE", get("owner"), output);
            assertTrue(get("reason").contains(part), output);
            assertFalse(get("remedy").isEmpty(), output);
            requireExact();
        }
    }

    private static List<String> child(List<String> options) {
        List<String> command = new ArrayList<>(java(options));
        command.add(FaultsChild.class.getName());
        return command;
    }

    private static List<String> java(List<String> options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", CLASSES + ":" + CLASSES.resolveSibling("test-classes")));
        return command;
    }

    private static Child runFiltered(int number, int argument, int value, int errno) {
        return runFiltered(number, argument, value, errno, Map.of());
    }

    private static Child runFiltered(int number, int argument, int value, int errno,
                                     Map<String, String> environment) {
        List<String> options = List.of("--enable-native-access=ALL-UNNAMED");
        List<String> command = new ArrayList<>(java(options));
        command.add(Seccomp.class.getName());
        for (int each : new int[] {number, argument, value, errno}) {
            command.add(Integer.toString(each));
        }
        command.addAll(child(options));
        return start(command, environment);
    }

    private static Child run(List<String> options, Map<String, String> environment) {
        return start(child(options), environment);
    }

    private static Child start(List<String> command, Map<String, String> environment) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(environment);
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Child(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
