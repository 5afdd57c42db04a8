package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.engine.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The first events of a program come where the stack ends: those after them are recorded all the same. */
final class DeepStackTest {
    private static final int LATER = 100;

    /** Events of every length. */
    interface Deep {
        void one(long a);

        void two(long a, long b);

        void four(long a, long b, long c, long d);

        void eight(long a, long b, long c, long d, long e, long f, long g, long h);

        void text(String text);
    }

    /** Records in the deepest frames there are, and then where there is room. */
    static final class Diving {
        private Diving() {}

        /** Takes a folder, and whether times are ordered. */
        public static void main(String[] arguments) throws IOException {
            TracerOptions options = Boolean.parseBoolean(arguments[1]) ? TracerOptions.defaults()
                    : TracerOptions.defaults().withUnorderedTime();
            try (Tracer tracer = Tracer.streaming(Path.of(arguments[0]), options)) {
                Deep deep = tracer.probes(Deep.class);
                for (int which = 0; which < 5; which++) {
                    boolean _ = dive(deep, which);
                }
                long before = tracer.stats().lost();
                for (int i = 0; i < LATER; i++) {
                    for (int which = 0; which < 5; which++) {
                        record(deep, which);
                    }
                }
                System.out.println("lost=" + (tracer.stats().lost() - before));
            }
        }

        @SuppressWarnings("InfiniteRecursion") // It is what this is about.
        private static boolean dive(Deep deep, int which) {
            boolean isDone = false;
            try {
                isDone = dive(deep, which);
            } catch (StackOverflowError e) {
                // Here it begins.
            }
            if (!isDone) {
                try {
                    record(deep, which);
                    isDone = true;
                } catch (StackOverflowError e) {
                    isDone = false;
                }
            }
            return isDone;
        }

        private static void record(Deep deep, int which) {
            switch (which) {
                case 0 -> deep.one(1);
                case 1 -> deep.two(1, 2);
                case 2 -> deep.four(1, 2, 3, 4);
                case 3 -> deep.eight(1, 2, 3, 4, 5, 6, 7, 8);
                default -> deep.text("text");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void eventsAfterOnesWhereTheStackEndedAreRecorded(boolean isOrdered, @TempDir Path folder) throws Exception {
        List<String> options = new ArrayList<>(List.of("-Xss512k"));
        String registration = System.getProperty(Engine.REGISTRATION_PROPERTY);
        if (registration != null) {
            options.add("-D" + Engine.REGISTRATION_PROPERTY + "=" + registration);
        }
        assertEquals("lost=0\n", Child.output(Map.of(), Child.java(options, Diving.class, folder.toString(),
                Boolean.toString(isOrdered))));
    }
}
