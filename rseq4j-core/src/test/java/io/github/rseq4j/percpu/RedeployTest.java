package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.ChildJvm;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The loader of a redeployed application is collected together with the library, with every structure in a static
 * field, closed or not. The numbers of threads and descriptors stay the same; a few mappings for each copy of the
 * library stay.
 */
final class RedeployTest {
    /** -Drseq4j.redeploys=300 is the soak. */
    private static final int COUNT = Integer.getInteger("rseq4j.redeploys", 30);
    /** If loaders stay, their classes fill this long before the last one. */
    private static final String METASPACE = "-XX:MaxMetaspaceSize=36m";
    /** Code, data and cells, each with its neighbours of another protection. */
    private static final long MAX_MAPPINGS_EACH = 8;
    private static final long MAX_KIB_EACH = 256;
    /** The JVM's own memory stays the same: C2 grows by tens of MiB, and a heap's pages come when they are touched. */
    private static final List<String> LEVEL = List.of("-Xms128m", "-Xmx128m", "-XX:+AlwaysPreTouch",
            "-XX:TieredStopAtLevel=1");

    static Stream<Arguments> deployments() {
        return Stream.of(
                Arguments.of(RedeployGuest.class, Map.of(), false),
                Arguments.of(RedeployGuest.class, Map.of(), true),
                Arguments.of(RedeployGuest.class, ChildJvm.NOT_BY_LIBC, false));
    }

    @ParameterizedTest
    @MethodSource("deployments")
    void nothingOfADroppedLoaderStays(Class<?> guest, Map<String, String> environment, boolean closes) {
        List<String> options = new ArrayList<>(ChildJvm.NATIVE);
        options.addAll(LEVEL);
        options.addAll(List.of(METASPACE, "-Drseq4j.test.closes=" + closes, "-Drseq4j.registration="
                + System.getProperty("rseq4j.registration", "auto")));
        String path = ChildJvm.classes().get(0) + ":" + ChildJvm.classes().get(1);
        ChildJvm child = ChildJvm.start(ChildJvm.java(options, RedeployChild.class, guest.getName(),
                Integer.toString(COUNT), path), environment);
        assertEquals(0, child.exit(), child.output());
        assertEquals("true", child.get("ended"), child.output());
        assertTrue(number(child, "last.loaders") <= 2, child.output());
        assertTrue(number(child, "last.threads") <= number(child, "first.threads"), child.output());
        assertTrue(number(child, "last.descriptors") <= number(child, "first.descriptors"), child.output());
        assertTrue(number(child, "last.mappings") <= number(child, "first.mappings") + MAX_MAPPINGS_EACH * COUNT,
                child.output());
        assertTrue(number(child, "last.rssKib") <= number(child, "first.rssKib") + MAX_KIB_EACH * COUNT,
                child.output());
    }

    private static long number(ChildJvm child, String key) {
        return Long.parseLong(child.get(key));
    }
}
