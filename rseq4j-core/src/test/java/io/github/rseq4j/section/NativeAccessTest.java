package io.github.rseq4j.section;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A module builds sections only with native access; the refusal names the option that grants it. */
final class NativeAccessTest {
    private static final String USER = """
            package user;
            import io.github.rseq4j.section.*;
            import java.lang.invoke.MethodHandles;
            public final class User {
                private User() {}
                public static String build() {
                    return text(new SectionBuilder("users", 2));
                }
                public static String buildByReflection() throws Exception {
                    return text(SectionBuilder.class.getConstructor(String.class, int.class).newInstance("users", 2));
                }
                public static String buildByLookup() {
                    return text(new SectionBuilder(MethodHandles.lookup(), "users", 2));
                }
                public static String buildByPublicLookup() {
                    return text(new SectionBuilder(MethodHandles.publicLookup(), "users", 2));
                }
                private static String text(SectionBuilder steps) {
                    return steps.commitAdd(Place.cell(steps.argument(0)), steps.argument(1), Order.RELAXED).build()
                            .toString();
                }
            }
            """;

    @TempDir
    private Path folder;

    /** Makes a module of one class, which builds a section. */
    private ModuleLayer.Controller layer(String name) throws IOException {
        Path sources = Files.createDirectories(folder.resolve("sources").resolve(name));
        Path classes = Files.createDirectories(folder.resolve("classes").resolve(name));
        Files.writeString(sources.resolve("module-info.java"), "module " + name + " { exports user; }");
        Files.writeString(sources.resolve("User.java"), USER);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        String here = Path.of(URI.create(SectionBuilder.class.getProtectionDomain().getCodeSource()
                .getLocation().toString())).toString();
        assertEquals(0, compiler.run(null, null, null, "-proc:none", "-d", classes.toString(), "-cp", here,
                "--add-reads", name + "=ALL-UNNAMED", sources.resolve("module-info.java").toString(),
                sources.resolve("User.java").toString()));
        Configuration modules = ModuleLayer.boot().configuration().resolve(ModuleFinder.of(classes),
                ModuleFinder.of(), Set.of(name));
        ModuleLayer.Controller controller = ModuleLayer.defineModulesWithOneLoader(modules, List.of(ModuleLayer.boot()),
                SectionBuilder.class.getClassLoader());
        Module module = controller.layer().findModule(name).orElseThrow();
        controller.addReads(module, SectionBuilder.class.getModule());
        return controller;
    }

    private static String call(ModuleLayer.Controller controller, String module, String method) throws Throwable {
        Method build = controller.layer().findLoader(module).loadClass("user.User").getMethod(method);
        try {
            return (String) build.invoke(null);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof InvocationTargetException inner ? inner.getCause() : e.getCause();
        }
    }

    @Test
    void refusesAModuleWithoutNativeAccessIfSectionsReachNativeMemory() throws Throwable {
        String name = "without.access";
        ModuleLayer.Controller controller = layer(name);
        for (String method : new String[] {"build", "buildByReflection"}) {
            if (Rseq.availability().available()) {
                String message = String.valueOf(assertThrows(IllegalCallerException.class,
                        () -> call(controller, name, method)).getMessage());
                assertTrue(message.contains("module=without.access, class=user.User")
                        && message.contains("start java with --enable-native-access=without.access"), message);
            } else {
                assertTrue(call(controller, name, method).startsWith("users/2"));
            }
        }
        assertFalse(controller.layer().findModule(name).orElseThrow().isNativeAccessEnabled());
    }

    @Test
    @SuppressWarnings("restricted")
    void acceptsAModuleWithNativeAccess() throws Throwable {
        String name = "with.access";
        ModuleLayer.Controller controller = layer(name);
        controller.enableNativeAccess(controller.layer().findModule(name).orElseThrow());
        for (String method : new String[] {"build", "buildByReflection", "buildByLookup"}) {
            assertEquals("users/2 { commit [a0 + slot] += a1; }", call(controller, name, method));
        }
    }

    /** The JVM of the tests grants access by default, with a warning. */
    @Test
    void letsTheJvmDecideForAClassThatGivesItsLookup() throws Throwable {
        String name = "by.lookup";
        ModuleLayer.Controller controller = layer(name);
        assertThrows(IllegalArgumentException.class, () -> call(controller, name, "buildByPublicLookup"));
        assertTrue(call(controller, name, "buildByLookup").startsWith("users/2"));
        assertEquals(Rseq.availability().available(),
                controller.layer().findModule(name).orElseThrow().isNativeAccessEnabled());
    }
}
