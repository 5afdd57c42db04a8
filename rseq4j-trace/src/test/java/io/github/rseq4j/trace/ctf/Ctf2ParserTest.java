package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Metadata in CTF 2 that differs from what is written: what of it is read, and what is said of the rest. */
class Ctf2ParserTest {
    private static final EventType ONE = new EventType("a:one", 1, 6, List.of(
            new EventType.Field("n", FieldType.Basic.INT), new EventType.Field("s", FieldType.Basic.STRING),
            new EventType.Field("e", new FieldType.Enumeration(List.of("X", "Y")))));
    private static final EventType TWO = new EventType("a:two", 2, 14, List.of());
    private static final TraceDescription TRACE = TestTraces.of(3, ONE, TWO);
    private static final String TEXT = TRACE.metadata(TraceFormat.CTF_2);

    private final Problems problems = new Problems();

    private @Nullable TraceDescription parse(String text) {
        return MetadataParser.parse(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1),
                "metadata", problems);
    }

    @Test
    void orderAndBlanksDoNotMatter() {
        String other = TEXT.replace("\"type\":\"event-record-class\",", "").replace("\"data-stream-class-id\":0,",
                " \"data-stream-class-id\" :\n 0 ,\t\"type\":\"event-record-class\" , ").replace("\n", "\r\n")
                .replace("\u001e", "\u001e\u001e \u001e\n");
        assertEquals(TRACE, parse(other));
        assertEquals(List.of(), problems.kept());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
        "\"id\":1,            | \"id\":65536,",
        "\"id\":1,            | \"id\":2,",
        "\"name\":\"a:one\"   | \"name\":\"one\"",
        "\"name\":\"a:one\"   | \"name\":7",
        "\"info\"             | \"loud\"",
        "lttng.org,2009       | lttng.org,2010",
        "\"name\":\"n\",\"field-class\":\"int32_t\" | \"name\":\"n\",\"field-class\":\"int33_t\"",
        "__s_recorded\",\"field | __s_record\",\"field",
        "\"path\":[\"__s_recorded\"] | \"path\":[\"__s_length\"]",
        "\"X\":[[0,0]]        | \"X\":[[0,1]]",
        "\"X\":[[0,0]]        | \"X\":[[2,2]]",
        "\"X\":[[0,0]]        | \"X\":[]",
        "\"null\":[[-1,-1]],  | ''",
        "\"payload-field-class\":{ | \"payload-field-class\":[{"})
    void aDamagedEventLeavesTheOthers(String part, String damaged) {
        int at = TEXT.indexOf(part, TEXT.indexOf("data-stream-class-id\":0,\"id\":1"));
        int fragment = TEXT.lastIndexOf('\u001e', at) + 1;
        assertTrue(at > 0);
        TraceDescription read = parse(TEXT.substring(0, at) + damaged + TEXT.substring(at + part.length()));
        assertNotNull(read);
        List<String> names = read.events().stream().map(EventType::name).toList();
        assertTrue(names.equals(List.of("a:two")) || damaged.contains("\"id\":2") && names.equals(List.of("a:one")),
                names.toString());
        assertEquals(1, problems.count());
        Problem problem = problems.kept().getFirst();
        assertTrue(problem.what().startsWith("an event's declaration cannot be"), problem::toString);
        assertTrue(problem.offset() >= fragment, problem::toString);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
        "\"version\":2        | \"version\":3        | /version 2, found 3",
        "\"uuid\":[1,         | \"uuid\":[           | expected 16 bytes of a UUID",
        "\"uuid\":[1,         | \"uuid\":[256,       | expected a number up to 255, found 256",
        "\"index_count\":3    | \"index_count\":0    | expected index_count in env, 1 to 65536",
        "\"index_count\":3    | \"index-count\":3    | expected index_count in env, 1 to 65536",
        "\"uid\":\"0102       | \"uid\":\"0103       | expected /uid",
        "\"frequency\":1      | \"frequency\":-1     | freq=-1",
        "\"length\":24        | \"length\":16        | field-class/length 24, found 16",
        "\"magic\"            | \"tragic\"           | member-classes/0/name \"magic\", found \"tragic\"",
        "\"trace-class\"      | \"trace-glass\"      | expected a fragment of type trace-class",
        "\"name\":\"int8_t\"  | \"name\":\"int9_t\"  | expected /name \"int8_t\", found \"int9_t\"",
        "\"minimum-alignment\":64 | \"minimum-alignment\":32 | minimum-alignment 64, found 32"})
    void aDamagedFixedPartIsRefused(String part, String damaged, String what) {
        int at = TEXT.indexOf(part);
        assertTrue(at > 0);
        assertNull(parse(TEXT.substring(0, at) + damaged + TEXT.substring(at + part.length())));
        assertEquals(1, problems.count());
        Problem problem = problems.kept().getFirst();
        assertTrue(problem.what().startsWith("not a trace of rseq4j, or damaged: ") && problem.what().contains(what),
                problem::toString);
        assertTrue(problem.offset() > TEXT.lastIndexOf('\u001e', at), problem::toString);
    }

    @Test
    void metadataThatIsCutHasTheEventsBeforeTheCut() {
        int second = TEXT.lastIndexOf('\u001e');
        assertEquals(List.of(ONE), describedEvents(TEXT.substring(0, second + 20)));
        assertEquals(1, problems.count());
        assertNull(parse(TEXT.substring(0, TEXT.indexOf("data-stream-class\",\"id"))));
        assertNull(parse("\u001e"));
        assertNull(parse("\u001e".repeat(100_000)));
        assertEquals(4, problems.count());
    }

    private List<EventType> describedEvents(String text) {
        TraceDescription read = parse(text);
        assertNotNull(read);
        return read.events();
    }

    /** The layout of LTTng's compact header: an enumeration selects one of two structures of bit fields. */
    @Test
    void aVariantSelectsBitFields() {
        StringBuilder text = new StringBuilder();
        Json.write(FieldClasses.structure(8,
                FieldClasses.member("id", FieldClasses.named(FieldClasses.unsigned(5, 1),
                        FieldClasses.object("compact", FieldClasses.range(0, 30),
                                "extended", FieldClasses.range(31, 31)))),
                FieldClasses.member("v", FieldClasses.variant(FieldClasses.Origin.EVENT_HEADER, "id",
                        FieldClasses.option("compact", 0, 30, FieldClasses.structure(1, FieldClasses.member(
                                "timestamp", FieldClasses.unsigned(27, 1, "default-clock-timestamp")))),
                        FieldClasses.option("extended", 31, 31, FieldClasses.structure(8, FieldClasses.member(
                                "id", FieldClasses.unsigned(16, 8, "event-record-class-id"))))))), text);
        assertEquals("""
                {"type":"structure","member-classes":[{"name":"id","field-class":\
                {"type":"fixed-length-unsigned-integer","length":5,"byte-order":"little-endian","alignment":1,\
                "mappings":{"compact":[[0,30]],"extended":[[31,31]]}}},\
                {"name":"v","field-class":{"type":"variant","selector-field-location":\
                {"origin":"event-record-header","path":["id"]},"options":[\
                {"name":"compact","selector-field-ranges":[[0,30]],"field-class":{"type":"structure",\
                "member-classes":[{"name":"timestamp","field-class":{"type":"fixed-length-unsigned-integer",\
                "length":27,"byte-order":"little-endian","alignment":1,"roles":["default-clock-timestamp"]}}]}},\
                {"name":"extended","selector-field-ranges":[[31,31]],"field-class":{"type":"structure",\
                "member-classes":[{"name":"id","field-class":{"type":"fixed-length-unsigned-integer","length":16,\
                "byte-order":"little-endian","alignment":8,"roles":["event-record-class-id"]}}],\
                "minimum-alignment":8}}]}}],"minimum-alignment":8}""", text.toString());
    }
}
