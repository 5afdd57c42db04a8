package io.github.rseq4j.agent;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Lets the JVM transform loaded classes again. */
final class Retransformation {
    /* How it works
     *
     * The JVM stops all threads to exchange the code of the classes of one call, and walks through all loaded classes
     * meanwhile. So a call has many classes, but not all: the transformers of a call run before that stop, and memory
     * for both forms of its classes is needed.
     *
     * Refused: fewer classes in a call. The walk is most of a stop. With 20,000 loaded classes, of which 500 are
     * transformed, the JVM's thread needs 33 ms for 1 call, 130 ms for 5 calls and 403 ms for 25 calls (one run each).
     *
     * The JVM clears the breakpoints of each class of a call (JVMTI, RetransformClasses), also if its code stays. The
     * JDK's debugger agent, jdwp, is not told, and a connected debugger keeps the places of lines and variables that it
     * has read before. No agent can set a breakpoint of another one again.
     *
     * If the JVM refuses a call, its halves are tried, until the class is found that it refuses.
     */
    private static final int CLASSES_EACH = 500;

    private final Instrumentation instrumentation;
    private final CallTransformer transformer;

    /**
     * Prepares it.
     *
     * @param instrumentation the JVM's
     * @param transformer learns which classes the JVM refuses
     */
    Retransformation(Instrumentation instrumentation, CallTransformer transformer) {
        this.instrumentation = instrumentation;
        this.transformer = transformer;
    }

    /**
     * Transforms classes.
     *
     * @param chosen tells whether a loaded class is to be transformed
     * @return what a user of a debugger has to know, or an empty text
     */
    String run(Predicate<Class<?>> chosen) {
        List<Class<?>> all = new ArrayList<>();
        for (Class<?> type : instrumentation.getAllLoadedClasses()) {
            if (chosen.test(type) && instrumentation.isModifiableClass(type)) {
                all.add(type);
            }
        }
        for (int i = 0; i < all.size(); i += CLASSES_EACH) {
            transform(all.subList(i, Math.min(all.size(), i + CLASSES_EACH)));
        }
        return all.isEmpty() || !isDebuggable() ? "" : "a debugger may be connected: connect it again, because the JVM"
                + " has cleared the breakpoints in " + Matches.count(all.size(), "class") + "\n";
    }

    /** Tells whether the JVM has the library that debuggers connect to. */
    private static boolean isDebuggable() {
        try {
            return Files.readString(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1).contains("/libjdwp.so");
        } catch (IOException _) {
            return false;
        }
    }

    private void transform(List<Class<?>> types) {
        try {
            instrumentation.retransformClasses(types.toArray(new Class<?>[0]));
        } catch (UnmodifiableClassException | RuntimeException | LinkageError | InternalError e) {
            if (types.size() == 1) {
                transformer.refuse(types.getFirst().getName(), "the JVM refuses its transformation: " + e);
                return;
            }
            transform(types.subList(0, types.size() / 2));
            transform(types.subList(types.size() / 2, types.size()));
        }
    }
}
