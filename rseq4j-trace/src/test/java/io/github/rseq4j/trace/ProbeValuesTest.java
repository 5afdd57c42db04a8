package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.trace.ctf.TraceEvent;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reader of the trace gets the values that were passed to the probe. */
final class ProbeValuesTest {
    private static final int MAX_PARAMETER_SLOTS = 254;

    @TempDir
    private Path folder = Path.of("");

    private void assertRecorded(String where, int maxFieldBytes, RandomProviders random,
            List<List<Class<?>>> methods, int calls) throws ReflectiveOperationException {
        RecordingSink sink = new RecordingSink();
        Class<?> provider = RandomProviders.define(methods);
        Object probes = RecordingSink.providers(sink, maxFieldBytes, sink.types::addAll).probes(provider);
        for (int m = 0; m < methods.size(); m++) {
            List<Class<?>> types = methods.get(m);
            Method method = provider.getMethod("m" + m, types.toArray(new Class<?>[0]));
            method.setAccessible(true);
            List<@Nullable Object[]> passed = new ArrayList<>();
            for (int call = 0; call < calls; call++) {
                @Nullable Object[] values = random.values(types);
                passed.add(values);
                invoke(method, probes, values);
            }
            List<TraceEvent> events = sink.take(folder);
            assertEquals(calls, events.size(), where);
            for (int call = 0; call < calls; call++) {
                String at = where + " " + method + " call=" + call;
                assertEquals("made" + provider.getSimpleName().substring("Made".length()) + ":m" + m,
                        events.get(call).type().name(), at);
                assertValues(at, RandomProviders.expected(types, passed.get(call), maxFieldBytes),
                        events.get(call).values());
            }
        }
    }

    private static void invoke(Method method, Object probes, @Nullable Object[] values)
            throws ReflectiveOperationException {
        try {
            method.invoke(probes, values);
        } catch (InvocationTargetException e) {
            throw new AssertionError(method.toString(), e);
        }
    }

    private static void assertValues(String where, List<@Nullable Object> expected,
            List<@Nullable Object> actual) {
        assertEquals(expected.size(), actual.size(), where);
        for (int i = 0; i < expected.size(); i++) {
            if (expected.get(i) instanceof byte[] bytes) {
                assertArrayEquals(bytes, (byte[]) actual.get(i), where + " field=" + i);
            } else {
                assertEquals(expected.get(i), actual.get(i), where + " field=" + i);
            }
        }
    }

    @Test
    void recordsEachTypeAtEachAlignment() throws ReflectiveOperationException {
        long seed = new Random().nextLong();
        for (Class<?> type : RandomProviders.TYPES) {
            List<List<Class<?>>> methods = new ArrayList<>();
            for (int before = 0; before <= 66; before++) {
                List<Class<?>> types = new ArrayList<>(Collections.nCopies(before, byte.class));
                types.add(type);
                types.add(type);
                types.add(byte.class);
                methods.add(types);
            }
            assertRecorded("seed=" + seed, TracerOptions.DEFAULT_FIELD_BYTES, new RandomProviders(new Random(seed)),
                    methods, 3);
        }
    }

    @RepeatedTest(20)
    void recordsRandomValuesOfRandomProviders() throws ReflectiveOperationException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        RandomProviders providers = new RandomProviders(random);
        List<List<Class<?>>> methods = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            // The least size of a field is 8 bytes or less, so eight fields fit into the smallest record.
            methods.add(providers.types(random.nextInt(9)));
        }
        int maxFieldBytes = random.nextBoolean() ? TracerOptions.DEFAULT_FIELD_BYTES
                : Providers.MIN_MAX_FIELD_BYTES + random.nextInt(200);
        assertRecorded("seed=" + seed, maxFieldBytes, providers, methods, 20);
    }

    @Test
    void recordsEventsWithNoFieldAndWithTheMostParametersOfAMethod() throws ReflectiveOperationException {
        long seed = new Random().nextLong();
        List<List<Class<?>>> methods = new ArrayList<>();
        methods.add(List.of());
        for (Class<?> type : RandomProviders.TYPES) {
            int slots = type == long.class || type == double.class ? 2 : 1;
            methods.add(Collections.nCopies(MAX_PARAMETER_SLOTS / slots, type));
        }
        assertRecorded("seed=" + seed, TracerOptions.DEFAULT_FIELD_BYTES, new RandomProviders(new Random(seed)),
                methods, 3);
    }
}
