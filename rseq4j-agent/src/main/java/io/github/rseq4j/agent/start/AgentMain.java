package io.github.rseq4j.agent.start;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The entry of the agent, which the JVM calls. */
public final class AgentMain {
    /* How it works
     *
     * The JVM puts the agent's jar on the class path of the program. Only this class is used from there. It makes a
     * module of the same jar, in a layer and with a class loader of its own, so that the agent meets neither the
     * classes nor the options of the program. The module gets access to package java.lang, where LinkClass defines a
     * class.
     */
    private static final String MODULE = "io.github.rseq4j.agent";
    private static final String CONTROL = MODULE + ".AgentControl";
    private static final String ANSWER = "answer=";
    private static final AtomicReference<@Nullable Method> LOADED = new AtomicReference<>();

    private AgentMain() {}

    /** Starts the agent before the program. The program starts even if that fails. */
    public static void premain(@Nullable String options, Instrumentation instrumentation) {
        start(options, instrumentation);
    }

    /** Starts the agent in a program that runs, or tells it what to do. */
    public static void agentmain(@Nullable String options, Instrumentation instrumentation) {
        start(options, instrumentation);
    }

    private static synchronized void start(@Nullable String options, Instrumentation instrumentation) {
        try {
            Method found = LOADED.get();
            if (found == null) {
                found = load(instrumentation);
                LOADED.set(found);
            }
            found.invoke(null, options == null ? "" : options, instrumentation);
        } catch (Throwable t) {
            Throwable cause = t instanceof InvocationTargetException && t.getCause() != null ? t.getCause() : t;
            fail(options == null ? "" : options, "it does nothing, because it could not be started: " + cause);
        }
    }

    /** Reports a failure to the command that waits, or on the standard error output. */
    private static void fail(String options, String message) {
        if (options.startsWith(ANSWER)) {
            int end = options.indexOf(';');
            try {
                // The command has created the file, and gives a path without quotes.
                Files.writeString(Path.of(options.substring(ANSWER.length(), end < 0 ? options.length() : end)),
                        "error: " + message + "\n", StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING,
                        LinkOption.NOFOLLOW_LINKS);
                return;
            } catch (IOException | RuntimeException _) {
                // There is no such file.
            }
        }
        System.err.println("rseq4j agent: " + message);
    }

    private static Method load(Instrumentation instrumentation)
            throws ReflectiveOperationException, URISyntaxException {
        Path jar = Path.of(AgentMain.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        ModuleLayer boot = ModuleLayer.boot();
        Configuration resolved = boot.configuration().resolve(ModuleFinder.of(jar), ModuleFinder.of(), Set.of(MODULE));
        Module module = ModuleLayer.defineModulesWithOneLoader(resolved, List.of(boot),
                ClassLoader.getPlatformClassLoader()).layer().findModule(MODULE).orElseThrow();
        instrumentation.redefineModule(Object.class.getModule(), Set.of(), Map.of(),
                Map.of("java.lang", Set.of(module)), Set.of(), Map.of());
        // In a program of modules, the JVM has loaded java.instrument for this agent, outside of the boot layer.
        instrumentation.redefineModule(module, Set.of(Instrumentation.class.getModule()), Map.of(), Map.of(), Set.of(),
                Map.of());
        return Class.forName(CONTROL, true, module.getClassLoader())
                .getMethod("accept", String.class, Instrumentation.class);
    }
}
