package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.testing.Snippets;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Providers are implemented wherever their users have them: other class loaders, modules, packages, visibilities. */
final class ProbePlaceTest {
    /** A package that the module keeps to itself, and one that it exports, and one that it opens to us. */
    private static final Map<String, String> SOURCES = Map.of(
            "module-info.java", "module user { exports user.shown; opens user.opened to io.github.rseq4j.trace; }",
            "user/hidden/Hidden.java", """
                    package user.hidden;
                    public final class Hidden {
                        enum Color { RED, GREEN }
                        interface Events { void painted(Color color, int n); }
                        public static Class<?> events() { return Events.class; }
                        public static java.lang.invoke.MethodHandles.Lookup lookup() {
                            return java.lang.invoke.MethodHandles.lookup();
                        }
                        public static void paint(Object events) { ((Events) events).painted(Color.GREEN, 7); }
                    }
                    """,
            "user/shown/Shown.java", """
                    package user.shown;
                    public interface Shown {
                        void shown(int n);
                        static Class<?> hidden() { return user.hidden.Hidden.events(); }
                        static java.lang.invoke.MethodHandles.Lookup lookup() { return user.hidden.Hidden.lookup(); }
                        static void paint(Object events) { user.hidden.Hidden.paint(events); }
                        static void show(Object events) { ((Shown) events).shown(3); }
                        static Class<?> opened() { return user.opened.Opened.events(); }
                        static void open(Object events) { user.opened.Opened.open(events); }
                    }
                    """,
            "user/opened/Opened.java", """
                    package user.opened;
                    public final class Opened {
                        private interface Events { void opened(long n); }
                        public static Class<?> events() { return Events.class; }
                        public static void open(Object events) { ((Events) events).opened(5); }
                    }
                    """);

    @TempDir
    private Path folder = Path.of("");
    private final RecordingSink sink = new RecordingSink();
    private final Providers providers =
            RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, sink.types::addAll);

    private Path compile(boolean isModule) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Map.Entry<String, String> source : SOURCES.entrySet()) {
            Path file = folder.resolve("source").resolve(source.getKey());
            Files.createDirectories(Objects.requireNonNull(file.getParent()));
            Files.writeString(file, source.getValue());
            if (isModule || !source.getKey().startsWith("module")) {
                files.add(file);
            }
        }
        Snippets.compile(files, "", folder.resolve("classes"));
        return folder.resolve("classes");
    }

    private ClassLoader module() throws IOException {
        ModuleLayer parent = ModuleLayer.boot();
        Configuration configuration = parent.configuration().resolve(ModuleFinder.of(compile(true)),
                ModuleFinder.of(), Set.of("user"));
        return parent.defineModulesWithOneLoader(configuration, ClassLoader.getPlatformClassLoader())
                .findLoader("user");
    }

    private static Object call(ClassLoader loader, String method, Object... arguments)
            throws ReflectiveOperationException {
        Class<?> shown = loader.loadClass("user.shown.Shown");
        for (Method each : shown.getMethods()) {
            if (each.getName().equals(method)) {
                try {
                    return Objects.requireNonNullElse(each.invoke(null, arguments), "nothing");
                } catch (InvocationTargetException e) {
                    throw new AssertionError(method, e);
                }
            }
        }
        throw new NoSuchMethodException(method);
    }

    private List<String> recorded() {
        return sink.take(folder).stream().map(event -> event.type().name() + event.values()).toList();
    }

    @Test
    void aProviderOfAnyVisibilityOnAClassPathThatWeDoNotSee() throws Exception {
        URL[] path = {compile(false).toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(path, ClassLoader.getPlatformClassLoader())) {
            call(loader, "paint", providers.probes((Class<?>) call(loader, "hidden")));
            call(loader, "show", providers.probes(loader.loadClass("user.shown.Shown")));
            call(loader, "open", providers.probes((Class<?>) call(loader, "opened")));
        }
        assertEquals(List.of("events:painted[GREEN, 7]", "shown:shown[3]", "events:opened[5]"), recorded());
    }

    @Test
    void aProviderOfAPackageThatAModuleOpensToUs() throws Exception {
        ClassLoader loader = module();
        call(loader, "open", providers.probes((Class<?>) call(loader, "opened")));
        assertEquals(List.of("events:opened[5]"), recorded());
    }

    @Test
    void aProviderOfAPackageThatAModuleKeepsNeedsItsLookup() throws Exception {
        ClassLoader loader = module();
        Class<?> hidden = (Class<?>) call(loader, "hidden");
        Exception refusal = assertThrows(IllegalArgumentException.class, () -> providers.probes(hidden));
        String message = String.valueOf(refusal.getMessage());
        assertTrue(message.contains("provider=user.hidden.Hidden$Events: package user.hidden of module user is not open"
                + " to module io.github.rseq4j.trace"), message);
        assertTrue(message.contains("call probes(MethodHandles.lookup(), Events.class) from a class of that package"),
                message);
        assertTrue(message.contains("(opens user.hidden to io.github.rseq4j.trace)"), message);
        call(loader, "paint", providers.probes((MethodHandles.Lookup) call(loader, "lookup"), hidden));
        assertEquals(List.of("events:painted[GREEN, 7]"), recorded());
    }

    @Test
    void anExportedProviderThatOurClassLoaderDoesNotKnowNeedsALookupOfItsModule() throws Exception {
        ClassLoader loader = module();
        Class<?> shown = loader.loadClass("user.shown.Shown");
        assertThrows(IllegalArgumentException.class, () -> providers.probes(shown));
        call(loader, "show", providers.probes((MethodHandles.Lookup) call(loader, "lookup"), shown));
        assertEquals(List.of("shown:shown[3]"), recorded());
    }

    @Test
    void anExportedProviderThatOurClassLoaderKnowsNeedsNothing() {
        // Its module opens no package to anybody, and its class loader is the first of all.
        providers.probes(Runnable.class).run();
        assertEquals(List.of("runnable:run[]"), recorded());
    }

    @Test
    void aLookupOfAnotherModuleIsRefused() throws Exception {
        ClassLoader loader = module();
        Class<?> hidden = (Class<?>) call(loader, "hidden");
        Exception refusal = assertThrows(IllegalArgumentException.class,
                () -> providers.probes(MethodHandles.lookup(), hidden));
        String message = String.valueOf(refusal.getMessage());
        assertTrue(message.contains("lookup=io.github.rseq4j.trace.ProbePlaceTest: may not access provider=user.hidden"
                + ".Hidden$Events; call MethodHandles.lookup() in a class of package user.hidden"), message);
        MethodHandles.Lookup foreign = (MethodHandles.Lookup) call(loader, "lookup");
        Exception unknown = assertThrows(IllegalArgumentException.class,
                () -> providers.probes(foreign, Seen.class));
        assertTrue(String.valueOf(unknown.getMessage()).contains("provider=io.github.rseq4j.trace.ProbePlaceTest$Seen"),
                unknown.getMessage());
    }

    /** Public, so that it is the class loader or the module that does not let it be seen. */
    public interface Seen {
        /** An event. */
        void seen();
    }

    private interface Private {
        void event();
    }

    @Test
    void aPrivateProviderOfAClass() {
        providers.probes(Private.class).event();
        providers.probes(MethodHandles.lookup(), Seen.class).seen();
        assertEquals(List.of("private:event[]", "seen:seen[]"), recorded());
    }
}
