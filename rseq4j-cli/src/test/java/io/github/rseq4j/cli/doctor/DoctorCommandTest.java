package io.github.rseq4j.cli.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.Run;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DoctorCommandTest {
    private static final boolean FALLBACK_ASKED_FOR = "never".equals(System.getProperty("rseq4j.registration"));

    private static JsonNode json() {
        return JsonMapper.shared().readTree(Run.of("doctor", "--json").out());
    }

    @Test
    void exitsWithWhetherRseqIsUsable() {
        int expected = Rseq.availability().available() ? 0 : 3;
        assertEquals(expected, Run.of("doctor").exit());
        assertEquals(expected, Run.of("doctor", "--json").exit());
        if (FALLBACK_ASKED_FOR) {
            assertEquals(3, expected);
        }
    }

    @Test
    void printsJsonWithEveryKey() {
        JsonNode report = json();
        for (String key : List.of("available", "owner", "reason", "remedy", "index", "featureSize", "align", "offset",
                "aborts", "kernel", "architecture", "libc", "registeredLength", "limit", "proof", "membarrier",
                "selfTestMicros", "jdk", "mode", "sliceExtension", "libcRegistered", "processes",
                "traceClock", "traceClockReason")) {
            assertTrue(report.has(key), key);
        }
        assertTrue(report.get("aborts").get("fence").isIntegralNumber());
        assertTrue(report.get("aborts").get("preemption").isIntegralNumber());
    }

    @Test
    void printsJsonThatAgreesWithTheLibrary() {
        Rseq.Availability availability = Rseq.availability();
        JsonNode report = json();
        assertEquals(availability.available(), report.get("available").booleanValue());
        assertEquals(availability.owner().name(), report.get("owner").stringValue());
        assertEquals(availability.index(), report.get("index").stringValue());
        assertEquals(availability.limit(), report.get("limit").intValue());
        assertEquals(availability.offsetBytes(), report.get("offset").longValue());
        assertEquals(availability.registeredBytes(), report.get("registeredLength").intValue());
        boolean isFull = availability.registeredBytes() > 32 && report.get("featureSize").intValue() > 32;
        assertEquals(!availability.available() ? "none" : isFull ? "full" : "legacy",
                report.get("mode").stringValue());
        assertEquals(availability.proof(), report.get("proof").stringValue());
        assertEquals(availability.reason(), report.get("reason").stringValue());
        assertEquals(availability.remedy(), report.get("remedy").stringValue());
        // The doctor tries again for a fence that a busy machine has hidden, so it may have seen more aborts.
        assertTrue(report.get("aborts").get("fence").longValue() >= availability.fenceAborts(), report.toString());
        assertEquals(availability.preemptionAborts(), report.get("aborts").get("preemption").longValue());
    }

    @Test
    void printsAReasonAndARemedyOrAProof() {
        JsonNode report = json();
        boolean available = report.get("available").booleanValue();
        assertEquals(available, report.get("reason").stringValue().isEmpty());
        assertEquals(available, report.get("remedy").stringValue().isEmpty());
        assertEquals(available, !report.get("proof").stringValue().isEmpty());
        if (FALLBACK_ASKED_FOR) {
            assertTrue(report.get("reason").stringValue().contains("rseq4j.registration=never"), report.toString());
        }
    }

    @Test
    void printsAVerdict() {
        Run run = Run.of("doctor");
        boolean available = Rseq.availability().available();
        assertTrue(run.out().contains("verdict     " + (available ? "usable" : "fallback")), run.out());
        assertEquals(available, !run.out().contains("remedy"));
        assertEquals("", run.err());
    }

    @Test
    void namesTheClockOfTraces() {
        JsonNode report = json();
        boolean isCounter = report.get("traceClock").stringValue().equals("counter");
        assertEquals(isCounter, report.get("traceClockReason").stringValue().isEmpty());
        assertTrue(Run.of("doctor").out().contains("clock       of traces: "
                + (isCounter ? "the processor's counter" : "CLOCK_MONOTONIC")));
        if (FALLBACK_ASKED_FOR) {
            assertFalse(isCounter);
        }
    }

    @Test
    void namesTheLibcOnLinux() {
        String name = Libc.name();
        if (System.getProperty("os.name").equals("Linux")) {
            assertTrue(name.matches("glibc [0-9]+\\.[0-9.]+|musl"), name);
        } else {
            assertEquals("unknown", name);
        }
        assertFalse(json().get("jdk").stringValue().isBlank());
    }
}
