package io.github.rseq4j.agent.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class GlobTest {
    @ParameterizedTest
    @CsvSource({
        "com.acme.Foo, com.acme.Foo, true",
        "com.acme.Foo, com.acme.Foo$Bar, false",
        "com.acme.Foo, com.acme.Fo, false",
        "com.acme.Foo, acme.Foo, false",
        "com.acme.*, com.acme.Foo, true",
        "com.acme.*, com.acme.Foo$Bar, true",
        "com.acme.*, com.acme.web.Foo, false",
        "com.acme.*, com.acme, false",
        "com.acme.**, com.acme.Foo, true",
        "com.acme.**, com.acme.web.deep.Foo, true",
        "com.acme.**, com.acmeX.Foo, false",
        "com.acme.**, com.acme, false",
        "com.*.Foo, com.acme.Foo, true",
        "com.*.Foo, com.acme.web.Foo, false",
        "com.*.Foo, com.Foo, false",
        "com.**.Foo, com.acme.web.Foo, true",
        "com.**.Foo, com.Foo, true",
        "com.**.Foo, com.acme.XFoo, false",
        "com.**Foo, com.acme.XFoo, true",
        "**.Foo, Foo, true",
        "**.Foo, com.acme.Foo, true",
        "**.Foo, com.acme.XFoo, false",
        "**Foo, com.acme.XFoo, true",
        "*, Foo, true",
        "*, com.Foo, false",
        "**, com.acme.Foo, true",
        "***, com.acme.Foo, true",
        "com.acme.F?o, com.acme.Foo, true",
        "com.acme?Foo, com.acme.Foo, false",
        "com.acme.Foo?, com.acme.Foo, false",
        "com.acme.Outer$*, com.acme.Outer$Inner, true",
        "com.acme.Outer$*, com.acme.Outer, false",
        "com.acme.*Handler, com.acme.UserHandler, true",
        "com.acme.*Handler, com.acme.HandlerHandler, true",
        "com.acme.*Handler, com.acme.HandlerX, false",
        "*a*b, aXaXb, true",
        "*a*b, xa.ab, false",
        "**.a.**.Foo, x.a.y.a.z.Foo, true",
        "**.a.**.Foo, x.a.Foo, true",
        "**.a.**.Foo, x.b.Foo, false",
        "**.*Dao*.**x, q.MyDao7.y.zx, true",
        "handle*, handle, true",
        "handle*, handleRequest, true",
        "get?*, get, false",
        "get?*, getX, true",
        "<init>, <init>, true",
    })
    void matchesPartsAndPackages(String glob, String name, boolean expected) {
        assertEquals(expected, new Glob(glob).matches(name), glob + " " + name);
    }

    /** Compares with a regular expression that states the same. */
    @Test
    void agreesWithARegularExpressionOnRandomGlobs() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int matched = 0;
        for (int i = 0; i < 200_000; i++) {
            String glob = text(random, "ab..**?");
            String name = text(random, "ab.a");
            String regex = glob.replaceAll("\\*{2,}", "#").replaceAll("(?<=^|\\.)#\\.", "%").replace(".", "\\.")
                    .replace("*", "[^.]*").replace("?", "[^.]").replace("#", ".*").replace("%", "(?:.*\\.)?");
            boolean expected = Pattern.matches(regex, name);
            matched += expected ? 1 : 0;
            assertEquals(expected, new Glob(glob).matches(name), () -> glob + " " + name + " seed=" + seed);
        }
        assertTrue(matched > 1_000, "globs matched: " + matched + " seed=" + seed);
    }

    private static String text(Random random, String alphabet) {
        StringBuilder text = new StringBuilder();
        for (int left = random.nextInt(9); left >= 0; left--) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.SECONDS)
    void doesNotBacktrackOverAllWildcards() {
        assertFalse(new Glob("**a".repeat(60) + "b").matches("a".repeat(4_000)));
        assertFalse(new Glob("*a".repeat(60) + "b").matches("a".repeat(4_000)));
        assertTrue(new Glob("**a".repeat(60)).matches("a".repeat(4_000)));
    }
}
