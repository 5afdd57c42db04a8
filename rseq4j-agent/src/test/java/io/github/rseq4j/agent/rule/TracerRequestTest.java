package io.github.rseq4j.agent.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests to tracers as texts. */
final class TracerRequestTest {
    @ParameterizedTest
    @ValueSource(strings = {
        "tracers;list",
        "tracers;tracer=\"a,b\";disable=*;enable=orders:*;disable=orders:paid;flush;snapshot;list",
        "tracers;snapshot=\"/tmp/a;b\"",
    })
    void readsItsOwnText(String text) {
        TracerRequest request = TracerRequest.parse("answer=/tmp/x;" + text);
        assertEquals(text, request.toString());
        assertTrue(TracerRequest.isRequest("answer=/tmp/x;" + text));
    }

    @Test
    void keepsTheOrderOfSwitches() {
        assertEquals(List.of(new TracerRequest.Switch("*", false), new TracerRequest.Switch("a:b", true)),
                TracerRequest.parse("tracers;disable=*;enable=a:b").switches());
    }

    @Test
    void isNoRequestWithoutItsMark() {
        assertFalse(TracerRequest.isRequest("method=tracers"));
        assertFalse(TracerRequest.isRequest("trace=/tmp/t;method=a.B"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "tracers | nothing is asked of the tracers",
        "tracers;tracer=x | nothing is asked of the tracers",
        "tracers;enable | enable needs a value",
        "tracers;list;method=a.B | option=method does not go with tracers",
        "tracers;list;tracer=[ | tracer=[ is no glob",
    })
    void saysWhatIsWrong(String text, String message) {
        RuleException e = assertThrows(RuleException.class, () -> TracerRequest.parse(text));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "orders, true", "o*s, true", "tmp/orders, true", "/var/tmp/orders, true",
        "'{orders,shop}', true",
        "order, false", "tmp, false", "ders, false", "/tmp/orders, false", "/**, true", "*, true", "/*, false",
    })
    void selectsByTheLastNamesOrTheWholePath(String glob, boolean isSelected) {
        TracerRequest request = TracerRequest.parse("tracers;list;tracer=\"" + glob + "\"");
        assertEquals(isSelected, request.selects(Path.of("/var/tmp/orders")));
    }
}
