package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.registration.Fixtures.Libc;
import io.github.rseq4j.registration.Fixtures;
import io.github.rseq4j.testing.Rseqs;
import io.github.rseq4j.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Known libraries that register threads, next to librseq4j.so and in a JVM, in every order and on every libc: no
 * process aborts, no update is lost, and a side whose request succeeded stays registered. README's table shows which
 * side is served; {@code -Drseq4j.golden=update} writes it.
 */
final class PartnersKernelTest {
    private static final Path README = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")), "README.md");
    private static final String BEGIN = "<!-- who registers -->\n";
    private static final String END = "<!-- end of who registers -->\n";
    private static final String LATER = "lib%s_later.so";
    private static final List<String> QUICK = List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC");

    /** The orders of loading; %s is the library's name. */
    private enum Order {
        THEY_FIRST("C, linked: library, rseq4j", "%s_first"),
        WE_FIRST("C, linked: rseq4j, library", "%s_last"),
        WE_PRELOADED("C, library linked, rseq4j preloaded", "%s_alone"),
        THEY_LATER("C, rseq4j linked, library loaded later", "partners", "later-theirs", LATER),
        WE_LATER("C, library linked, rseq4j loaded later", "%s_alone", "later-ours",
                ProviderImage.FILE_NAME),
        JVM_THEY_LATER("JVM, first update, then library loaded", "count", "local", LATER, "call", "elsewhere", "count"),
        JVM_WE_LATER("JVM, library loaded, then first update", "local", LATER, "call", "count", "elsewhere", "count"),
        JVM_THEY_PRELOADED("JVM, library preloaded", "call", "count", "elsewhere", "count"),
        JVM_WE_PRELOADED("JVM, rseq4j preloaded, library loaded", "local", LATER, "call", "count", "elsewhere",
                "count"),
        JVM_BOTH_PRELOADED("JVM, library and rseq4j preloaded", "call", "count", "elsewhere", "count");

        private final String text;
        private final List<String> words;

        Order(String text, String... words) {
            this.text = text;
            this.words = List.of(words);
        }

        private boolean isJvm() {
            return name().startsWith("JVM");
        }

        private String preload(Path folder, String library) {
            String ours = folder.resolve(ProviderImage.FILE_NAME).toString();
            String theirs = folder.resolve("lib" + library + ".so").toString();
            return switch (this) {
                case WE_PRELOADED, JVM_WE_PRELOADED -> ours;
                case JVM_THEY_PRELOADED -> theirs;
                case JVM_BOTH_PRELOADED -> theirs + ":" + ours;
                default -> "";
            };
        }

        private List<String> command(Path folder, String library) {
            List<String> words = new ArrayList<>();
            for (String word : this.words) {
                String name = word.formatted(library);
                words.add(Files.exists(folder.resolve(name)) ? folder.resolve(name).toString() : name);
                if (isJvm() && (word.equals("call") || word.equals("elsewhere"))) {
                    words.add("partner_served");
                }
            }
            return isJvm() ? ChildJvm.java(QUICK, CompanyChild.class, words.toArray(new String[0])) : words;
        }
    }

    /** Runs one order of one library on one libc, and returns which side is served. */
    private static String outcome(Libc libc, Order order, String library) {
        Path folder = Fixtures.folder(libc);
        String preload = order.preload(folder, library);
        Tool.Outcome outcome = Fixtures.run(libc, preload.isEmpty() ? Map.of() : Map.of("LD_PRELOAD", preload),
                order.command(folder, library));
        String what = library + " on " + libc + ", " + order + ": ";
        if (outcome.output().contains("initial-exec TLS resolves to dynamic definition")) {
            return "cannot be loaded";
        }
        assertEquals(0, outcome.exit(), what + outcome.output());
        return order.isJvm() ? jvm(what, new ChildJvm(outcome.exit(), outcome.output()))
                : program(what, values(outcome.output()));
    }

    private static Map<String, String> values(String output) {
        return Arrays.stream(output.strip().split("\\s+")).filter(each -> each.contains("="))
                .collect(Collectors.toMap(each -> each.replaceFirst("=.*", ""), each -> each.replaceFirst(".*=", "")));
    }

    private static String program(String what, Map<String, String> values) {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        values.forEach((key, value) -> numbers.put(key, Integer.parseInt(value)));
        int ours = numbers.getOrDefault("ours", 0);
        int theirs = numbers.getOrDefault("theirs", 0);
        assertTrue(ours + theirs > 0 && numbers.getOrDefault("faults", 1) == 0, what + values);
        boolean isRefused = numbers.getOrDefault("refused", 0) > 0;
        if (theirs == 0) {
            assertTrue(!isRefused && numbers.getOrDefault("lost", 0) == 0, what + values);
            return "rseq4j";
        }
        assertTrue(numbers.getOrDefault("refusals", 1) == 0, what + values);
        return ours == 0 ? "library" : isRefused ? "both, where the library registers" : "both";
    }

    private static String jvm(String what, ChildJvm child) {
        child.requireExact();
        List<String> served = child.output().lines().filter(each -> each.startsWith("partner_served=")).toList();
        assertEquals(2, served.size(), what + child.output());
        long count = served.stream().filter("partner_served=1"::equals).count();
        if (child.get("available").equals("true")) {
            return count == 2 ? "both" : count == 0 ? "rseq4j" : "rseq4j; library elsewhere";
        }
        assertTrue(!child.get("reason").isEmpty() && !child.get("remedy").isEmpty(), what + child.output());
        assertEquals(2, count, what + child.output());
        return "library";
    }

    @Test
    void servesTheSideThatTheReadmeNames() throws IOException {
        Rseqs.require();
        Map<String, List<Libc>> rows = new LinkedHashMap<>();
        for (Order order : Order.values()) {
            for (Libc libc : Libc.values()) {
                if (order.isJvm() && libc == Libc.MUSL) {
                    continue;
                }
                String cells = Fixtures.PARTNERS.stream().map(each -> outcome(libc, order, each))
                        .collect(Collectors.joining(" | "));
                rows.computeIfAbsent(order.text + " | %s | " + cells, _ -> new ArrayList<>()).add(libc);
            }
        }
        StringBuilder table = new StringBuilder("| order | libc | librseq of today | of 2021 | of 2019 | tcmalloc "
                + "| a second rseq4j |\n|---|---|---|---|---|---|---|\n");
        rows.forEach((row, libcs) -> table.append("| ").append(row.formatted(libcs.stream()
                .map(PartnersKernelTest::name).collect(Collectors.joining(", ")))).append(" |\n"));
        compare(table.toString());
    }

    private static String name(Libc libc) {
        return switch (libc) {
            case GLIBC -> "registers";
            case DORMANT_GLIBC -> "tunable 0";
            case OLD_GLIBC -> "2.31";
            case MUSL -> "musl";
        };
    }

    private static void compare(String table) throws IOException {
        String readme = Files.readString(README);
        int from = readme.indexOf(BEGIN) + BEGIN.length();
        int to = readme.indexOf(END);
        assertTrue(from >= BEGIN.length() && to >= from, "README has no table of who registers");
        if ("update".equals(System.getProperty("rseq4j.golden"))) {
            Files.writeString(README, readme.substring(0, from) + table + readme.substring(to));
        } else {
            assertEquals(table, readme.substring(from, to));
        }
    }
}
