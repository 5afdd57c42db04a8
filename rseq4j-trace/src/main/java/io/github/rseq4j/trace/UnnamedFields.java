package io.github.rseq4j.trace;

import java.lang.System.Logger.Level;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Warns once of each provider whose fields have no names, because it was compiled without {@code -parameters}. */
final class UnnamedFields {
    private static final ClassValue<AtomicBoolean> WARNED = new ClassValue<>() {
        @Override
        protected AtomicBoolean computeValue(Class<?> provider) {
            return new AtomicBoolean();
        }
    };

    private UnnamedFields() {}

    /**
     * Warns of a provider, unless it was warned of. The caller holds no lock, because a logger is foreign code.
     *
     * @param model the provider
     */
    static void warn(ProviderModel model) {
        Method first = first(model);
        if (first == null || WARNED.get(model.provider()).getAndSet(true)) {
            return;
        }
        try {
            System.getLogger(Tracer.class.getName()).log(Level.WARNING, "provider=" + model.provider().getName()
                    + ": fields are called arg0, arg1 and so on, because javac did not store the names of parameters"
                    + " (method " + first.getName() + "). Compile it with -parameters (Maven:"
                    + " <maven.compiler.parameters>true</maven.compiler.parameters>; Gradle:"
                    + " options.compilerArgs.add(\"-parameters\")), or name each parameter with @Field");
        } catch (RuntimeException | Error e) {
            // A failure of the logger must not fail the program that is traced.
        }
    }

    /** Returns the first method with an unnamed field, or null. */
    private static @Nullable Method first(ProviderModel model) {
        for (ProviderModel.ProbeMethod event : model.events()) {
            for (Parameter parameter : event.method().getParameters()) {
                if (!parameter.isNamePresent() && !parameter.isAnnotationPresent(Field.class)) {
                    return event.method();
                }
            }
        }
        return null;
    }
}
