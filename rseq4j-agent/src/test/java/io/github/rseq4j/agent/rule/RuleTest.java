package io.github.rseq4j.agent.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RuleTest {
    private static Rule rule(String options) {
        return Rule.parse("method=com.acme.Foo" + options);
    }

    @Test
    void hasDefaultsForAllButTheMethod() {
        assertEquals(new Rule("com.acme.Foo", Mode.TIME, 0, false, false, 1, 0), rule(""));
        assertEquals(new Rule("com.acme.Foo", Mode.EVENT, 10_000_000, false, false, 1, 0), rule(",over=10ms"));
        assertEquals(new Rule("com.acme.Foo", Mode.TIME, 10_000_000, true, true, 10, 5),
                rule(", mode=time, over=10ms,args,stack,sample=10,limit=5/s"));
        assertFalse(rule("").isRecording());
        assertTrue(rule(",over=1s").isRecording());
        assertTrue(rule(",mode=event").isRecording());
    }

    @ParameterizedTest
    @CsvSource({"10ms, 10000000, 10ms", "1.5s, 1500000000, 1500ms", "300us, 300000, 300us", "7ns, 7, 7ns",
        "1000ms, 1000000000, 1s", "0.001us, 1, 1ns", "0010ms, 10000000, 10ms",
        "9223372036854775807ns, 9223372036854775807, 9223372036854775807ns"})
    void readsDurationsAndPrintsThemWithoutFractions(String text, long nanos, String printed) {
        Rule rule = rule(",over=" + text);
        assertEquals(nanos, rule.overNanos());
        assertEquals("method=com.acme.Foo,mode=event,over=" + printed, rule.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"com.acme.**::handle*", "@com.acme.Traced", "@com.acme.Traced::x*",
        "com.acme.Handler+::handle*", "com.acme.Outer$Inner::<init>", "Foo::<clinit>", "com.acme.T::a,b", "T::a;b=c",
        "T::my test", "T::x#y", "T::\"quoted\"", "\"", "T::#", "日本.語::あ*"})
    void printsATextThatReadsBack(String glob) {
        try {
            Rule rule = new Rule(glob, Mode.TIME, 1_500_000, true, true, 100, 7);
            assertEquals(rule, Rule.parse(rule.toString()));
            assertEquals(rule, RuleSet.parse(rule.toString()).rules().getFirst());
        } catch (RuleException e) {
            assertTrue(glob.equals("T::a;b=c"), "only a semicolon is refused, which no name of a method has: " + e);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        ",mode=tme | mode=tme is unknown: a mode is count, time or event",
        ",mode=COUNT | a mode is count, time or event",
        ",mode | mode= is unknown",
        ",speed=3 | option=speed is unknown: a rule has method, mode, over, args, stack, sample, limit",
        ",over=10 | over=10 is no duration above 0: a number with a unit is required, such as 7ns, 300us, 10ms or 1.5s",
        ",over=10 ms | over=10 ms is no duration",
        ",over=-1ms | over=-1ms is no duration",
        ",over=0ms | over=0ms is no duration above 0",
        ",over=5m | over=5m is no duration",
        ",over | over= is no duration",
        ",over=0.5ns | over=0.5ns is not a whole number of nanoseconds",
        ",over=9999999999999s | over=9999999999999s is too long: at most 9223372036s are possible",
        ",over=99999999999999999999s | over=99999999999999999999s is too long: at most 9223372036s are possible",
        ",mode=count,over=1ms | over does not go with mode=count",
        ",mode=count,args | args does not go with mode=count",
        ",mode=count,stack | stack does not go with mode=count",
        ",mode=count,sample=2 | sample does not go with mode=count",
        ",mode=count,limit=1/s | limit is an option of records, and mode=count makes none; add over=10ms",
        ",mode=time,limit=1/s | limit is an option of records, and mode=time makes none; add over=10ms, or use mode=ev",
        ",args | args is an option of records, and mode=time makes none",
        ",stack | stack is an option of records",
        ",mode=event,args=yes | args=yes: args has no value",
        ",sample=0 | sample=0: a number from 1 to 2147483647 is required",
        ",sample=1.5 | sample=1.5: a number",
        ",sample=99999999999 | sample=99999999999: a number",
        ",over=1s,limit=5 | limit=5: a number from 1 to 1000000000 followed by /s is required, such as 10/s",
        ",over=1s,limit=0/s | limit=0/s: a number from 1",
        ",over=1s,limit=5/min | limit=5/min: a number from 1",
        ",mode=time,mode=event | option=mode is given twice",
        ",method=b | option=method is given twice in method=com.acme.Foo,method=b; rules are separated by semicolons",
        ",mode=ti\"me | a double quote has no end",
        ",mode=ti\"\"me | has a double quote inside a value",
        ",mode=\"time\"x | has text after a quoted value",
    })
    void refusesAWrongOptionAndSaysWhatIsAllowed(String options, String message) {
        RuleException e = assertThrows(RuleException.class, () -> RuleSet.parse("method=com.acme.Foo" + options));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        " | has no name of a class",
        "::handle | has no name of a class",
        "@ | has no name of an annotation",
        "+::x | has no name of a class",
        "com.acme.Foo:: | has no name of a method",
        "com/acme/Foo | packages are separated by dots",
        "com.acme.Foo#bar | :: stands between class and method",
        "com.acme.Foo:bar | :: stands between class and method",
        "com.acme.Foo::bar::x | :: stands between class and method",
        "com.acme.Foo::bar(int) | a rule has no parameter types",
        "com.acme.Foo::bar.x | has the character '.' in the name of a method",
        "com.acme.Foo::<new> | constructors are ::<init>",
        "com..Foo | has an empty part in the name of a class",
        ".Foo | has an empty part",
        "com.acme. | has an empty part",
        "com.acme.Foo[] | has the character '['",
        "@com.acme.Foo+ | has the character '+' in the name of an annotation",
        "com.acme.Foo :: x | has the character ' ' in the name of a class",
    })
    void refusesAWrongGlobAndSaysTheForm(String glob, String message) {
        RuleException e = assertThrows(RuleException.class,
                () -> Rule.of(Map.of("method", glob == null ? "" : glob)));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
        assertTrue(String.valueOf(e.getMessage()).contains("a glob is CLASS::METHOD"), e.getMessage());
    }

    @Test
    void refusesAControlCharacterWhichNoOptionCanHold() {
        assertThrows(RuleException.class, () -> new Rule("a.B::x\ny", Mode.TIME, 0, false, false, 1, 0));
    }
}
