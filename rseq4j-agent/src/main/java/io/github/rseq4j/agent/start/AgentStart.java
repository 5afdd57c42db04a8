package io.github.rseq4j.agent.start;

import java.lang.instrument.Instrumentation;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The start of the agent in a module of its own. */
final class AgentStart {
    /* How it works
     *
     * The JVM puts the agent's jar on the class path of the program. Only AgentMain and this class are used from there.
     * This class makes a module of the same jar, in a layer and with a class loader of its own, so that the agent meets
     * neither the classes nor the options of the program. The module gets access to package java.lang, where LinkClass
     * defines a class.
     */
    private static final String MODULE = "io.github.rseq4j.agent";
    private static final String CONTROL = MODULE + ".AgentControl";
    private static final AtomicReference<@Nullable Method> LOADED = new AtomicReference<>();

    private AgentStart() {}

    /**
     * Starts the agent, or tells it what to do. Not for use by several threads at a time.
     *
     * @throws Throwable if the agent cannot be started
     */
    static void start(String options, Instrumentation instrumentation) throws Throwable {
        Method found = LOADED.get();
        if (found == null) {
            found = load(instrumentation);
            LOADED.set(found);
        }
        try {
            found.invoke(null, options, instrumentation);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    private static Method load(Instrumentation instrumentation)
            throws ReflectiveOperationException, URISyntaxException {
        Path jar = Path.of(AgentStart.class.getProtectionDomain().getCodeSource().getLocation().toURI());
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
