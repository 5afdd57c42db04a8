package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.registration.Fixtures.Libc;
import io.github.rseq4j.registration.Fixtures;
import io.github.rseq4j.testing.Rseqs;
import io.github.rseq4j.testing.Tool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** JVMs on a libc that does not register, together with other libraries that register before or after rseq4j. */
final class CompanyKernelTest {
    /** Runs {@link CompanyChild} on a libc. */
    private static ChildJvm child(Libc libc, Map<String, String> environment, String... words) {
        Tool.Outcome outcome = Fixtures.run(libc, environment,
                ChildJvm.java(ChildJvm.NATIVE, CompanyChild.class, words));
        return new ChildJvm(outcome.exit(), outcome.output());
    }

    private static String library(Libc libc, String name) {
        Path path = Fixtures.folder(libc).resolve(name);
        return path.toString();
    }

    private static Map<String, String> preload(Libc libc, String name, String... more) {
        Map<String, String> environment = new HashMap<>(Map.of("LD_PRELOAD", library(libc, name)));
        for (String variable : more) {
            environment.put(variable, "1");
        }
        return environment;
    }

    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void registersWhereNoOtherOwnerDoes(Libc libc) {
        Rseqs.require();
        ChildJvm child = child(libc, Map.of(), "count", "used");
        child.requireOwner("OWN");
        assertTrue(child.get("proof").endsWith("answered EBUSY"), child.output());
        assertTrue(Integer.parseInt(child.get("cpu")) >= 0, child.output());
    }

    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void joinsALibraryThatCounts(Libc libc) {
        Rseqs.require();
        child(libc, preload(libc, "libearly_adopter.so"), "count").requireOwner("FOREIGN");
        child(libc, preload(libc, "libearly_adopter.so", "EARLY_ADOPTER_ALL"), "count").requireOwner("FOREIGN");
        ChildJvm child = child(libc, Map.of(), "load", library(libc, "libearly_adopter.so"),
                "call", "early_adopter_register", "count", "call", "early_adopter_unregister", "used", "count");
        child.requireOwner("FOREIGN");
        assertEquals("0", child.get("early_adopter_unregister"), child.output());
        assertTrue(Integer.parseInt(child.get("cpu")) >= 0, "the JVM's count holds: " + child.output());
    }

    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void aLibraryThatIsLoadedLaterJoins(Libc libc) {
        Rseqs.require();
        ChildJvm child = child(libc, Map.of(), "count", "load", library(libc, "libearly_adopter.so"),
                "call", "early_adopter_register", "call", "early_adopter_cpu", "call", "early_adopter_unregister",
                "used", "count");
        child.requireOwner("OWN");
        assertEquals("0", child.get("early_adopter_register"), child.output());
        assertTrue(Integer.parseInt(child.get("early_adopter_cpu")) >= 0, child.output());
        assertTrue(Integer.parseInt(child.get("cpu")) >= 0, child.output());
    }

    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void usesTheRegistrationOfALibraryWithoutACount(Libc libc) {
        Rseqs.require();
        ChildJvm child = child(libc, preload(libc, "libuncounted.so", "UNCOUNTED_ALL"), "count", "call",
                "uncounted_use", "count", "used");
        child.requireOwner("FOREIGN");
        assertTrue(Integer.parseInt(child.get("cpu")) >= 0, child.output());
        child(libc, preload(libc, "libuncounted.so"), "count").requireFallback("does not count");
    }

    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void sharesWithALaterLibraryWithoutACount(Libc libc) {
        Rseqs.require();
        ChildJvm child = child(libc, Map.of(), "count", "load", library(libc, "libuncounted.so"), "call",
                "uncounted_use", "count", "used");
        child.requireOwner("OWN");
        assertTrue(Integer.parseInt(child.get("uncounted_use")) >= 0, child.output());
    }

    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void aLibraryThatReadsGlibcsSymbolsFindsThem(Libc libc) {
        Rseqs.require();
        ChildJvm child = child(libc, preload(libc, ProviderImage.FILE_NAME), "load",
                library(libc, "libthree_symbols.so"), "call", "three_symbols_cpu", "count");
        child.requireOwner("OWN");
        assertTrue(Integer.parseInt(child.get("three_symbols_cpu")) >= 0, child.output());
    }

    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void fallsBackWithoutRoomForTheAreaInEveryThread(Libc libc) {
        Rseqs.require();
        ChildJvm child = child(libc, Map.of(), "fill", library(libc, "libgreedy.so"), "count");
        child.requireFallback("the provider image is refused");
        assertTrue(child.get("reason").contains("static TLS"), child.output());
        assertTrue(child.get("remedy").contains("optional_static_tls"), child.output());
    }

    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void refusesAnAreaWhoseOffsetIsNotConstant(Libc libc) {
        Rseqs.require();
        child(libc, Map.of(), "load", library(libc, "libdynamic_area.so"), "call", "dynamic_area_touch", "count")
                .requireFallback("is not at a constant offset");
    }

    /** Only a thread with such an area can detect it. Here that thread makes the first update. */
    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void registersNoThreadWhereTheFirstUpdaterHasAPrivateArea(Libc libc) {
        Rseqs.require();
        ChildJvm child = child(libc, Map.of(), "local", library(libc, "libstranger.so"), "call", "partner_register",
                "count", "elsewhere", "partner_register", "count");
        child.requireFallback("the calling thread is registered with an area that is not shared");
        assertEquals(2, child.output().lines().filter("partner_register=0"::equals).count(), child.output());
    }

    /**
     * The image that a JVM writes for itself has few sections: a library that is linked with the file must get the
     * file.
     */
    @ParameterizedTest
    @CsvSource({"DORMANT_GLIBC, true", "DORMANT_GLIBC, false", "OLD_GLIBC, true", "OLD_GLIBC, false"})
    void aLibraryLinkedWithTheFileHasEverySection(Libc libc, boolean first) {
        Rseqs.require();
        List<String> words = new ArrayList<>(List.of("load", library(libc, "liblinked.so"), "call", "linked_use"));
        words.addAll(first ? 0 : words.size(), List.of("count", "used"));
        words.addAll(List.of("count", "call", "linked_use", "call", "rseq4j_owner"));
        ChildJvm child = child(libc, Map.of(), words.toArray(new String[0]));
        child.requireOwner("OWN");
        assertEquals(2, child.output().lines().filter("linked_use=0"::equals).count(), child.output());
        assertEquals("3", child.get("rseq4j_owner"), child.output());
        assertTrue(Integer.parseInt(child.get("cpu")) >= 0, child.output());
    }
}
