package io.github.rseq4j.agent.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RuleSetTest {
    @TempDir
    private Path folder = Path.of("");

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("rules"), text);
    }

    private static String refusal(String options) {
        return String.valueOf(assertThrows(RuleException.class, () -> RuleSet.parse(options), options).getMessage());
    }

    @Test
    void readsRulesAndOptions() {
        RuleSet set = RuleSet.parse("answer=/tmp/a; method=com.acme.A,mode=time ;method=com.acme.B::x,over=10ms,args;"
                + ";trace=/tmp/t,1;snapshot=\"/tmp/s;=\"\"2\";snapshots=3/min;jfr;dry-run;");
        assertEquals(List.of(new Rule("com.acme.A", Mode.TIME, 0, false, false, 1, 0),
                new Rule("com.acme.B::x", Mode.EVENT, 10_000_000, true, false, 1, 0)), set.rules());
        assertEquals(new AgentOptions(Path.of("/tmp/t,1"), Path.of("/tmp/s;=\"2"), 3, true, true, false,
                Path.of("/tmp/a")), set.options());
        assertEquals("answer=/tmp/a;trace=\"/tmp/t,1\";snapshot=\"/tmp/s;=\"\"2\";snapshots=3/min;jfr;dry-run"
                + ";method=com.acme.A,mode=time;method=com.acme.B::x,mode=event,over=10ms,args", set.toString());
        RuleSet again = RuleSet.parse(set.toString());
        assertEquals(set.rules(), again.rules());
        assertEquals(set.options(), again.options());
    }

    @Test
    void defaultsToNoFolderAndOneSnapshotAMinute() {
        assertEquals(new AgentOptions(null, null, 1, false, false, false, null), RuleSet.parse("method=A").options());
        assertTrue(RuleSet.parse("detach").options().detach());
        assertEquals("detach", RuleSet.parse("detach").toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'' | there is no rule: give method=GLOB or rules=FILE",
        ", | option= is unknown",
        "trace=/tmp | there is no rule",
        "method=A;foo=1 | option=foo is unknown: the agent has rules, trace, snapshot, snapshots, jfr, dry-run, detach",
        "mode=time,method=A | option=mode is unknown: the agent has rules",
        "method=A,trace=/tmp | option=trace is unknown: a rule has method",
        "method=A;trace=/a;trace=/b | option=trace is given twice",
        "method=A;trace | trace needs a value",
        "method=A;dry-run=1 | dry-run=1: dry-run has no value",
        "method=A;detach | detach has no rules",
        "detach;dry-run | dry-run and detach exclude each other",
        "method=A;snapshots=1/min | snapshots=1/min needs snapshot=DIR",
        "method=A;jfr | jfr needs snapshot=DIR",
        "method=A;jfr=1;snapshot=/s | jfr=1: jfr has no value",
        "method=A;snapshot=/s | no rule has one: add over=10ms to a rule",
        "method=A,over=1s;snapshot=/s;snapshots=61/min | snapshots=61/min: a number from 1 to 60 followed by /min",
        "method=A,over=1s;snapshot=/s;snapshots=1/s | snapshots=1/s: a number from 1 to 60 followed by /min",
        "method=\"A | a double quote has no end",
        "rules=/none/at/all | rules=/none/at/all cannot be read",
        "rules=/dev/zero | is no regular file",
        "rules=/tmp | is no regular file",
    })
    void refusesWrongOptions(String options, String message) {
        assertTrue(refusal(options).contains(message), refusal(options));
    }

    @Test
    void findsTheAnswerFileAlsoIfTheOptionsAreWrong() {
        assertEquals(Path.of("/tmp/x"), RuleSet.answer("answer=/tmp/x;method=A,mode=wrong"));
        assertEquals(Path.of("/tmp/x;y"), RuleSet.answer("answer=\"/tmp/x;y\";foo"));
        for (String none : List.of("", "method=A;answer=/tmp/x", "answer=\"/tmp/x", "answer=\0")) {
            assertNull(RuleSet.answer(none), none);
        }
    }

    @Test
    void readsAFileOfRules() throws IOException {
        Path file = file("""
                # The handlers.

                method=com.acme.**::handle*,mode=time   # each one
                \tmethod="com.acme.T::a#b;c",over=10ms,args
                method=com.acme.T::a#b;
                #method=com.acme.Old
                """.replace(";c", ",c"));
        assertEquals(List.of("com.acme.**::handle*", "com.acme.T::a#b,c", "com.acme.T::a#b"),
                RuleSet.read(file.toString()).stream().map(Rule::glob).toList());
        RuleSet set = RuleSet.parse("method=A;rules=" + file + ";method=B");
        assertEquals(List.of("A", "com.acme.**::handle*", "com.acme.T::a#b,c", "com.acme.T::a#b", "B"),
                set.rules().stream().map(Rule::glob).toList());
        assertEquals(set.rules(), RuleSet.parse(set.toString()).rules());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "method=A,mode=tme | line 2: mode=tme is unknown",
        "trace=/tmp | line 2: a line holds one rule, which begins with method=GLOB: trace=/tmp",
        "method=A;method=B | line 2: a line holds one rule",
        ", | line 2: a line holds one rule",
        "; | line 2: a line holds one rule",
        "rules=/tmp/x | line 2: a line holds one rule",
        "\"method=A | line 2: a double quote has no end",
        "# nothing | holds no rule, such as method=com.acme.**,mode=time",
    })
    void namesTheLineOfAWrongRule(String line, String message) throws IOException {
        String refusal = refusal("rules=" + file("# head\n" + line + "\n"));
        assertTrue(refusal.contains(message), refusal);
        assertTrue(refusal.startsWith("rules=" + folder), refusal);
    }

    @Test
    void refusesAFileThatIsNoText() throws IOException {
        Path file = Files.write(folder.resolve("rules"), new byte[] {(byte) 0xC3, 0x28, '\n'});
        assertTrue(refusal("rules=" + file).contains("it is not UTF-8"));
    }

    @Test
    void testsNamesOfClassesBeforeTheyAreParsed() {
        RuleSet set = RuleSet.parse("method=com.acme.Exact::x;method=com.acme.web.*");
        for (String name : List.of("com.acme.Exact", "com.acme.web.A", "com.acme.web.A$B")) {
            assertTrue(set.mayMatchClass(name), name);
        }
        for (String name : List.of("com.acme.Exact2", "com.acme.web", "com.acme.web.x.A")) {
            assertFalse(set.mayMatchClass(name), name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"method=@com.acme.Traced", "method=com.acme.Base+"})
    void mayMatchAnyClassByAnnotationOrSupertype(String rule) {
        assertTrue(RuleSet.parse(rule).mayMatchClass("org.example.Any"));
        assertFalse(RuleSet.parse(rule).mayMatchClass("[Lorg.example.Any;"));
        assertFalse(RuleSet.parse(rule).namesClass("org.example.Any"));
        assertEquals(rule.endsWith("+"), RuleSet.parse(rule).namesClass("com.acme.Base"));
    }
}
