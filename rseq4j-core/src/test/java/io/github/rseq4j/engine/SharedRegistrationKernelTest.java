package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.registration.Fixtures.Libc;
import io.github.rseq4j.registration.Fixtures;
import io.github.rseq4j.testing.Rseqs;
import io.github.rseq4j.testing.Tool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A JVM that registers its threads itself: many threads and signals, two copies of the library, child processes. */
final class SharedRegistrationKernelTest {
    private static ChildJvm child(Libc libc, List<String> options, Class<?> program, String... arguments) {
        Rseqs.require();
        Tool.Outcome outcome = Fixtures.run(libc, Map.of(), ChildJvm.java(options, program, arguments));
        ChildJvm child = new ChildJvm(outcome.exit(), outcome.output());
        child.requireOwner(libc == Libc.GLIBC ? "LIBC" : "OWN");
        return child;
    }

    @ParameterizedTest
    @CsvSource({"GLIBC, 20000", "DORMANT_GLIBC, 100000", "OLD_GLIBC, 100000"})
    void losesNoUpdateWhileThreadsStartAndEndUnderSignals(Libc libc, int threads) {
        ChildJvm child = child(libc, ChildJvm.NATIVE, StormChild.class, String.valueOf(threads));
        assertTrue(Long.parseLong(child.get("signals")) > threads / 100, child.output());
        // The mappings of malloc's arenas and cached stacks vary by some tens, independent of the owner.
        assertTrue(Long.parseLong(child.get("grown")) < threads / 100, "no mapping for each thread: " + child.output());
    }

    @ParameterizedTest
    @CsvSource({"GLIBC, LIBC, none+none, 0", "DORMANT_GLIBC, OWN, 1+0, 1", "OLD_GLIBC, OWN, 1+0, 1"})
    void twoCopiesUnderTwoClassLoadersShareOneRegistration(Libc libc, String owner, String counts, String images) {
        ChildJvm child = child(libc, ChildJvm.NATIVE, LoadersChild.class, ChildJvm.classes().getFirst().toString());
        assertEquals(owner, child.get("owner2"), child.output());
        assertEquals(counts, child.get("counts"), child.output());
        assertEquals(images, child.get("images"), child.output());
        assertEquals(String.valueOf(owner.equals("OWN")), child.get("fromMemory"), child.output());
    }

    @ParameterizedTest
    @CsvSource({"DORMANT_GLIBC, POSIX_SPAWN", "DORMANT_GLIBC, VFORK", "DORMANT_GLIBC, FORK", "OLD_GLIBC, POSIX_SPAWN",
        "OLD_GLIBC, VFORK", "OLD_GLIBC, FORK"})
    void childProcessesWorkAndKeepTheParentsRegistration(Libc libc, String mechanism) {
        List<String> options = new ArrayList<>(ChildJvm.NATIVE);
        options.add("-Djdk.lang.Process.launchMechanism=" + mechanism);
        ChildJvm child = child(libc, options, ProcessesChild.class);
        assertEquals("20 of 20", child.get("unharmed"), child.output());
        assertEquals("EBUSY", child.get("registration"), child.output());
    }

    /** The file that the command provider writes registers every thread of the JVM at its creation. */
    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void usesAPreloadedImageAndLoadsNoOther(Libc libc) {
        Rseqs.require();
        Tool.Outcome outcome = Fixtures.run(libc,
                Map.of("LD_PRELOAD", Fixtures.folder(libc).resolve(ProviderImage.FILE_NAME).toString()),
                ChildJvm.java(ChildJvm.NATIVE, LoadersChild.class, ChildJvm.classes().getFirst().toString()));
        ChildJvm child = new ChildJvm(outcome.exit(), outcome.output());
        child.requireOwner("OWN");
        assertEquals("1", child.get("images"), child.output());
        assertEquals("false", child.get("fromMemory"), child.output());
    }
}
