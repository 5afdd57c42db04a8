package io.github.rseq4j.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.percpu.PerCpuPool;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.util.RecyclerPool;
import tools.jackson.databind.ObjectMapper;

/**
 * The loader of a redeployed application is collected together with its pools: the shared one, its own and a robust
 * one, with parsers that were closed, are open, or were dropped. The numbers of threads and descriptors stay the same.
 */
final class RedeployTest {
    /** -Drseq4j.redeploys=300 is the soak. */
    private static final int COUNT = Integer.getInteger("rseq4j.redeploys", 6);
    /** If loaders stay, their classes fill this long before the end of the soak. */
    private static final String METASPACE = "-XX:MaxMetaspaceSize=80m";
    /** Code, data and cells of each copy of the library, each with its neighbours of another protection. */
    private static final long MAX_MAPPINGS_EACH = 8;
    private static final long MAX_KIB_EACH = 1024;
    /** The growth of the JVM itself, independent of the number of redeploys. */
    private static final long MAX_KIB_OF_JVM = 64 << 10;
    /** The program that loads the guest repeatedly; it is compiled with core's tests. */
    private static final String CHILD = "io.github.rseq4j.percpu.RedeployChild";

    private static Path coreTests() {
        return Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")), "rseq4j-core", "target",
                "test-classes");
    }

    private static Path place(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    /** Returns the folder of the test classes: in a module, a test class reports the module's own location. */
    private static Path tests() throws Exception {
        Path file = Path.of(Objects.requireNonNull(
                RedeployGuest.class.getResource(RedeployGuest.class.getSimpleName() + ".class")).toURI());
        return file.resolve("../".repeat(RedeployGuest.class.getName().split("\\.", -1).length)).normalize();
    }

    private static String path() throws Exception {
        Class<?> annotation = Class.forName("com.fasterxml.jackson.annotation.JsonProperty", false,
                ObjectMapper.class.getClassLoader());
        return Stream.of(tests(), place(PerCpuRecyclerPool.class), place(PerCpuPool.class), place(RecyclerPool.class),
                place(ObjectMapper.class), place(annotation)).map(Path::toString).collect(Collectors.joining(":"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingOfADroppedLoaderStays(boolean isRegisteredByLibc) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Xmx128m", METASPACE, "-XX:+UseSerialGC",
                "-XX:SoftRefLRUPolicyMSPerMB=0", "-Drseq4j.registration="
                + System.getProperty("rseq4j.registration", "auto"), "-cp", coreTests().toString(), CHILD,
                RedeployGuest.class.getName(), Integer.toString(COUNT), path())).redirectErrorStream(true);
        if (!isRegisteredByLibc) {
            builder.environment().put("GLIBC_TUNABLES", "glibc.pthread.rseq=0");
        }
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        Map<String, Long> numbers = output.lines().filter(line -> line.matches("(first|last)\\.\\w+=\\d+"))
                .collect(Collectors.toMap(line -> line.replaceFirst("=.*", ""),
                        line -> Long.parseLong(line.replaceFirst(".*=", ""))));
        assertTrue(output.contains("ended=true"), output);
        assertTrue(number(numbers, "last.loaders") <= 2, output);
        for (String each : List.of("threads", "descriptors")) {
            assertTrue(number(numbers, "last." + each) <= number(numbers, "first." + each), output);
        }
        assertTrue(number(numbers, "last.mappings") <= number(numbers, "first.mappings") + MAX_MAPPINGS_EACH * COUNT,
                output);
        assertTrue(number(numbers, "last.rssKib") <= number(numbers, "first.rssKib") + MAX_KIB_OF_JVM
                + MAX_KIB_EACH * COUNT, output);
    }

    private static long number(Map<String, Long> numbers, String key) {
        return Objects.requireNonNull(numbers.get(key), key);
    }
}
