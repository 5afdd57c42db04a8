package io.github.rseq4j.section;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.registration.ProviderImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A JVM that registers its threads itself: many threads and signals, two copies of the library, processes. */
final class SharedRegistrationKernelTest {
    private static Map<String, String> environment(String owner) {
        return owner.equals("OWN") ? ChildJvm.NOT_BY_LIBC : Map.of();
    }

    @ParameterizedTest
    @CsvSource({"LIBC, 20000", "OWN, 100000"})
    void losesNothingWhenThreadsComeAndGoUnderAStormOfSignals(String owner, int threads) {
        Rseqs.require();
        ChildJvm child = ChildJvm.start(ChildJvm.java(ChildJvm.NATIVE, StormChild.class, String.valueOf(threads)),
                environment(owner));
        child.requireOwner(owner);
        assertTrue(Long.parseLong(child.get("signals")) > threads / 100, child.output());
        // malloc's arenas and cached stacks come and go by some tens, whoever registers.
        assertTrue(Long.parseLong(child.get("grown")) < threads / 100, "no mapping a thread: " + child.output());
    }

    @ParameterizedTest
    @ValueSource(strings = {"LIBC", "OWN"})
    void twoCopiesUnderTwoClassLoadersShareOneRegistration(String owner) {
        Rseqs.require();
        ChildJvm child = ChildJvm.start(ChildJvm.java(ChildJvm.NATIVE, LoadersChild.class,
                ChildJvm.classes().getFirst().toString()), environment(owner));
        child.requireOwner(owner);
        assertEquals(owner, child.get("owner2"), child.output());
        assertEquals(owner.equals("OWN") ? "0+1" : "none+none", child.get("counts"), child.output());
        assertEquals(owner.equals("OWN") ? "1" : "0", child.get("images"), child.output());
    }

    @ParameterizedTest
    @ValueSource(strings = {"POSIX_SPAWN", "VFORK", "FORK"})
    void processesAreUnharmedAndLeaveTheRegistrationAlone(String mechanism) {
        Rseqs.require();
        List<String> options = new ArrayList<>(ChildJvm.NATIVE);
        options.add("-Djdk.lang.Process.launchMechanism=" + mechanism);
        ChildJvm child = ChildJvm.start(ChildJvm.java(options, ProcessesChild.class), ChildJvm.NOT_BY_LIBC);
        child.requireOwner("OWN");
        assertEquals("20 of 20", child.get("unharmed"), child.output());
        assertEquals("EBUSY", child.get("registration"), child.output());
    }

    /** Every thread of the JVM is registered at its creation, by the file that the command provider writes. */
    @Test
    void aPreloadedImageIsUsedAndNotLoadedOnceMore(@TempDir Path folder) throws IOException {
        Rseqs.require();
        Path image = folder.resolve(ProviderImage.FILE_NAME);
        Files.write(image, ProviderImage.write(Objects.requireNonNull(Architecture.host()), Sections.all(),
                Engine.STRIDE_SHIFT, ProviderImage.areaBytes()));
        Map<String, String> environment = new HashMap<>(ChildJvm.NOT_BY_LIBC);
        environment.put("LD_PRELOAD", image.toString());
        ChildJvm child = ChildJvm.start(ChildJvm.java(ChildJvm.NATIVE, LoadersChild.class,
                ChildJvm.classes().getFirst().toString()), environment);
        child.requireOwner("OWN");
        assertEquals("1", child.get("images"), child.output());
    }
}
