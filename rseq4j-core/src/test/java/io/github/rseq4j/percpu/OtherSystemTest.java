package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.ChildJvm;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On another system than Linux all structures work, and no call of Linux is made or prepared. */
final class OtherSystemTest {
    /** The classes that call the kernel or libc, and that make machine code. */
    private static final String NATIVE =
            "io\\.github\\.rseq4j\\.(kernel\\.(?!Architecture\\b)|machine\\.|provider\\.).*";

    @ParameterizedTest
    @CsvSource({"Mac OS X, aarch64", "Windows 11, amd64", "Linux, riscv64"})
    void structuresWorkWithoutLinux(String system, String architecture) {
        ChildJvm child = ChildJvm.start(ChildJvm.java(List.of("-Dos.name=" + system, "-Dos.arch=" + architecture,
                "--illegal-native-access=deny", "-Xlog:class+load:stdout:none"), OtherSystemChild.class), Map.of());
        child.requireExact();
        assertEquals("false", child.get("available"), child.output());
        assertTrue(child.get("reason").contains(system.equals("Linux") ? architecture : system), child.output());
        assertTrue(child.output().contains("io.github.rseq4j.engine.FallbackEngine source:"), child.output());
        assertEquals("", child.output().lines().filter(line -> line.matches(NATIVE))
                .collect(Collectors.joining("\n")), "classes that only Linux needs are not loaded");
    }
}
