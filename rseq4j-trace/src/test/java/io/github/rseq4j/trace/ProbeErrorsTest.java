package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.lang.invoke.MethodHandles;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Interfaces that cannot be providers are refused, with the method's name and the remedy. */
final class ProbeErrorsTest {
    interface OfBoxes {
        void box(int fine, Integer boxed);
    }

    interface OfArrays {
        void many(String... texts);
    }

    interface Returning {
        int returns();
    }

    interface Overloaded {
        void twice(int a);

        void twice(long a);
    }

    interface Inherited extends Overloaded {}

    interface Generic {
        <T> void of(T value);
    }

    interface Typed<T> {
        void typed(T value);
    }

    interface OfNothing {
        void none(Empty none);
    }

    enum Empty {}

    interface SameEvent {
        void first();

        @Event("first")
        void second();
    }

    interface SpanAndItsEnd {
        Span work();

        void work_end();
    }

    interface BadField {
        void named(@Field("_x") int x);
    }

    interface SameField {
        void named(@Field("x") int a, @Field("x") int b);
    }

    @Provider("not a name")
    interface BadName {
        void event();
    }

    interface BadEvent {
        @Event("a:b")
        void event();
    }

    interface BadId {
        @Event(id = 65536)
        void event();
    }

    interface BadSpanId {
        @Event(id = 65535)
        Span event();
    }

    interface SameId {
        @Event(id = 7)
        void a();

        @Event(id = 7)
        void b();
    }

    sealed interface Sealed {
        void event();
    }

    record Permitted() implements Sealed {
        @Override
        public void event() {}
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                arguments(String.class, "provider=java.lang.String: is no interface"),
                arguments(Override.class, "is no interface"),
                arguments(Sealed.class, "is sealed"),
                arguments(OfBoxes.class, "OfBoxes: method box(int, java.lang.Integer): parameter "),
                arguments(OfBoxes.class, "is of type java.lang.Integer: a field is a primitive, a String, a byte[] or"),
                arguments(OfArrays.class, "method many(java.lang.String[]): parameter "),
                arguments(Returning.class, "method returns(): returns int: an event returns void, or"),
                arguments(Overloaded.class, "is there twice, as twice("),
                arguments(Inherited.class, "is there twice, as twice("),
                arguments(Generic.class, "method of(java.lang.Object): is generic"),
                arguments(Typed.class, "is of type java.lang.Object"),
                arguments(OfNothing.class, "Empty, which has no constants"),
                arguments(SameEvent.class, "method second(): is the event sameEvent:first, which first() is also"),
                arguments(SpanAndItsEnd.class,
                        "method work_end(): is the event spanAndItsEnd:work_end, which work() is also"),
                arguments(BadField.class, "method named(int): field=_x: must be 1 to 128 letters"),
                arguments(BadField.class, "name the parameter with @Field"),
                arguments(SameField.class, "method named(int, int): field=x: is there twice"),
                arguments(BadName.class, "method event(): event=not a name:event: must be provider:event"),
                arguments(BadEvent.class, "event=badEvent:a:b: must be"),
                arguments(BadId.class, "method event(): id=65536: must be 0 to 65535"),
                arguments(BadSpanId.class, "method event(): id=65535: must be 0 to 65534"),
                arguments(SameId.class, "method b: id=7 is that of another event"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void isRefused(Class<?> provider, String message) {
        RecordingSink sink = new RecordingSink();
        Providers providers = RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, sink.types::addAll);
        Exception refusal = assertThrows(IllegalArgumentException.class, () -> providers.probes(provider));
        assertTrue(String.valueOf(refusal.getMessage()).contains(message), refusal.getMessage());
        assertEquals(List.of(), sink.types, "no event of it is declared");
        assertEquals(0, providers.all().size());
        // The numbers of its events are still free.
        providers.probes(SameField1.class);
        assertEquals(0, sink.types.getFirst().id());
    }

    interface SameField1 {
        void named(@Field("x") int a, @Field("y") int b);
    }

    @Provider("sameField1")
    interface SameName {
        void named();
    }

    @Test
    void refusesAnEventWhoseNameAnotherProviderHas() {
        RecordingSink sink = new RecordingSink();
        Providers providers = RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, sink.types::addAll);
        providers.probes(SameField1.class);
        Exception refusal = assertThrows(IllegalArgumentException.class, () -> providers.probes(SameName.class));
        assertTrue(String.valueOf(refusal.getMessage()).contains("SameName: method named: event sameField1:named is"
                + " there already, from io.github.rseq4j.trace.ProbeErrorsTest$SameField1"), refusal.getMessage());
    }

    interface Long9 {
        void wide(long a, long b, long c, long d, long e, long f, long g, long h, long i);
    }

    @Test
    void refusesFieldsThatDoNotFitIntoARecord() {
        RecordingSink sink = new RecordingSink();
        Providers providers = RecordingSink.providers(sink, Providers.MIN_MAX_FIELD_BYTES, sink.types::addAll);
        Exception refusal = assertThrows(IllegalArgumentException.class, () -> providers.probes(Long9.class));
        assertTrue(String.valueOf(refusal.getMessage()).contains("method wide: its fields take 72 bytes at least, and"
                + " a record of this trace has 64"), refusal.getMessage());
    }

    @Test
    void refusesMoreEventsThanThereAreNumbers() {
        RecordingSink sink = new RecordingSink();
        Providers providers = RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, sink.types::addAll);
        for (int i = 0; i < 64; i++) {
            providers.probes(RandomProviders.define(Collections.nCopies(1024, List.of())));
        }
        assertEquals(65535, sink.types.getLast().id());
        Exception refusal = assertThrows(IllegalStateException.class, () -> providers.probes(Long9.class));
        assertTrue(String.valueOf(refusal.getMessage()).contains("the trace has 65536 events"), refusal.getMessage());
    }

    @Test
    void refusesLimitsOutOfRange() {
        RecordingSink sink = new RecordingSink();
        for (int limit : new int[] {-1, 0, 63, (1 << 20) - 15}) {
            Exception refusal = assertThrows(IllegalArgumentException.class,
                    () -> RecordingSink.providers(sink, limit, sink.types::addAll));
            assertTrue(String.valueOf(refusal.getMessage()).contains("maxFieldBytes=" + limit), refusal.getMessage());
        }
    }

    @Test
    void refusesMalformedPatterns() {
        RecordingSink sink = new RecordingSink();
        Providers providers = RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, sink.types::addAll);
        Exception refusal = assertThrows(IllegalArgumentException.class, () -> providers.disable("requests"));
        assertEquals("pattern=requests: must be provider:event, provider:* or *", refusal.getMessage());
    }

    @Test
    void refusesLookupsThatCannotAccessTheProvider() {
        RecordingSink sink = new RecordingSink();
        Providers providers = RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, sink.types::addAll);
        for (MethodHandles.Lookup place : List.of(MethodHandles.publicLookup(),
                MethodHandles.lookup().dropLookupMode(MethodHandles.Lookup.PRIVATE))) {
            Exception refusal = assertThrows(IllegalArgumentException.class,
                    () -> providers.probes(place, SameName.class));
            assertTrue(String.valueOf(refusal.getMessage()).contains("does not have full privilege access; call"
                    + " MethodHandles.lookup() in a class of package io.github.rseq4j.trace"), refusal.getMessage());
        }
    }
}
