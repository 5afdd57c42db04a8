package org.example.calls;

import java.io.InputStream;
import java.lang.instrument.ClassDefinition;
import java.lang.instrument.Instrumentation;

/** An agent that redefines a class with the bytes of its class file. */
public final class Redefining {
    private Redefining() {}

    /** Redefines the class that is named. */
    public static void agentmain(String name, Instrumentation instrumentation) throws Exception {
        for (Class<?> each : instrumentation.getAllLoadedClasses()) {
            if (each.getName().equals(name)) {
                try (InputStream in = each.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
                    instrumentation.redefineClasses(new ClassDefinition(each, in.readAllBytes()));
                }
            }
        }
    }
}
