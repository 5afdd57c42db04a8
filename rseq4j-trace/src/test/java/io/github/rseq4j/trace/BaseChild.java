package io.github.rseq4j.trace;

import java.io.IOException;
import java.nio.file.Path;

/** The child JVM of {@link ModuleTest}: records as a program does. */
final class BaseChild {
    private BaseChild() {}

    /** The events. */
    interface Requests {
        /** A request. */
        Span request(@Field("id") long id);

        /** A miss. */
        void miss(@Field("key") String key);
    }

    /** Takes the trace's folder. */
    public static void main(String[] arguments) throws IOException {
        try (Tracer tracer = Tracer.streaming(Path.of(arguments[0]))) {
            Requests requests = tracer.probes(Requests.class);
            try (Span _ = requests.request(7)) {
                requests.miss("seven");
            }
        }
    }
}
