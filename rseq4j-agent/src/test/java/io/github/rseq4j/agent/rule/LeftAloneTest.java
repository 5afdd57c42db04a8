package io.github.rseq4j.agent.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.constant.ClassDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LeftAloneTest {
    abstract static class Kinds implements Supplier<String> {
        @Override
        public String get() {
            return "";
        }

        abstract void abstractMethod();

        native void nativeMethod();
    }

    @ParameterizedTest
    @ValueSource(strings = {"java.lang.Object", "java.lang.invoke.MethodHandle", "java.lang.instrument.Instrumentation",
        "java.lang.Rseq4jLink", "java.util.HashMap", "java.util.Map$Entry", "java.util.concurrent.ConcurrentHashMap",
        "java.util.concurrent.atomic.LongAdder", "java.util.function.Function", "java.util.stream.Stream",
        "java.util.zip.ZipFile", "java.util.jar.JarFile", "java.util.regex.Pattern", "java.io.File", "java.net.URL",
        "java.nio.file.Files", "java.security.Provider", "jdk.internal.misc.Unsafe", "jdk.internal.reflect.Any",
        "sun.misc.Unsafe", "sun.nio.ch.FileChannelImpl", "jdk.jfr.internal.JVM", "io.github.rseq4j.agent.own.Rseq",
        "io.github.rseq4j.agent.start.AgentMain", "jdk.proxy2.$Proxy7", "[Lcom.acme.Foo;", "[I",
        "com.acme.Foo$$Lambda/0x00007f0", "com.acme.Foo$$Lambda$14", "io.opentelemetry.javaagent.bootstrap.X",
        "datadog.trace.bootstrap.X", "kieker.monitoring.core.X"})
    void leavesAloneClassesOfLinkingAndOfAgents(String name) {
        assertNotNull(LeftAlone.ofClass(name), name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"com.acme.Foo", "Foo", "java.sql.DriverManager", "java.net.http.HttpClient",
        "jdk.internal.net.http.HttpClientFacade", "javax.sql.DataSource", "javax.crypto.Cipher",
        "com.sun.net.httpserver.HttpServer", "com.sun.tools.javac.Main", "java.util.logging.Logger", "java.language.X",
        "io.github.rseq4j.percpu.PerCpuCounter", "io.github.rseq4j.agentx.Foo", "javassist.Loader", "kotlin.Unit"})
    void tracesClassesOfProgramsAndOfOtherModules(String name) {
        assertNull(LeftAlone.ofClass(name), name);
    }

    @Test
    void leavesAloneLoadedClassesThatCannotBeTransformed() {
        Supplier<String> lambda = () -> "";
        Object proxy = Proxy.newProxyInstance(LeftAloneTest.class.getClassLoader(), new Class<?>[] {Runnable.class},
                (self, method, arguments) -> 0);
        for (Class<?> type : List.of(lambda.getClass(), proxy.getClass(), int.class, LeftAloneTest[].class)) {
            assertNotNull(LeftAlone.ofClass(type), type.getName());
        }
        assertNull(LeftAlone.ofClass(Test.class));
    }

    @Test
    void leavesAloneClassLoadersAndTransformers() {
        ClassModel model = ClassFile.of().parse(ClassFile.of().build(ClassDesc.of("com.acme.Foo"), _ -> {}));
        for (Class<?> parent : List.of(ClassLoader.class, ClassFileTransformer.class, Proxy.class)) {
            assertNotNull(LeftAlone.ofClass(model, _ -> Set.of(parent.getName())), parent.getName());
        }
        assertNull(LeftAlone.ofClass(model, _ -> Set.of("java.lang.Object", "java.util.function.Supplier")));
        assertNotNull(LeftAlone.ofClass(ClassRulesTest.model(Kinds.class), _ -> Set.of()), "judged by its name");
    }

    @Test
    void leavesAloneMethodsWithoutCodeAndBridges() {
        Set<String> kept = new TreeSet<>();
        Set<String> left = new TreeSet<>();
        for (MethodModel method : ClassRulesTest.model(Kinds.class).methods()) {
            String name = method.methodName().stringValue() + method.methodType().stringValue();
            String reason = LeftAlone.ofMethod(method);
            assertTrue(reason == null ? kept.add(name) : left.add(name + " " + reason.split("[: ]", 2)[0]));
        }
        assertEquals(Set.of("<init>()V", "get()Ljava/lang/String;"), kept);
        assertEquals(Set.of("abstractMethod()V abstract", "nativeMethod()V native", "get()Ljava/lang/Object; a"), left);
    }
}
