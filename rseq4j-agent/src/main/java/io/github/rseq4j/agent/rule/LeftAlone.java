package io.github.rseq4j.agent.rule;

import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The classes and methods that are never traced, each with its reason in words: tracing them would recurse or count
 * calls twice, or they have no bytecode.
 *
 * @since 0.1.0
 */
public final class LeftAlone {
    /* How it works
     *
     * The first call of a traced method links its call site. That runs java.lang.invoke, which loads classes. If one of
     * the methods that do this work were traced, its own first call would have to be linked first, without an end. The
     * exact set of these methods differs between JDKs. So all packages of module java.base are left alone, as this JVM
     * lists them, except javax.*, which linking does not use. */

    private static final String LINKING = "the JDK's base module: the linking of traced calls runs it";
    private static final String JDK_INTERNAL = "an internal class of the JDK: the linking of traced calls may run it";
    private static final String AGENT = "a class of this agent";
    private static final String OTHER_AGENT = "a helper class of another agent";
    private static final String LOADER = "a class loader: the linking of traced calls may load classes";
    private static final String TRANSFORMER = "a transformer of class files: it runs while classes are loaded";
    private static final String PROXY = "a class generated at run time: its calls would count twice";

    private static final Set<String> BASE_PACKAGES = Object.class.getModule().getPackages();
    /** Reasons by the beginning of names. */
    private static final Map<String, String> PREFIXES = prefixes();

    private LeftAlone() {}

    private static Map<String, String> prefixes() {
        Map<String, String> prefixes = new LinkedHashMap<>();
        prefixes.put("java.lang.", LINKING);
        // The implementation of java.net.http is outside the base module, and what it does is of interest.
        prefixes.put("jdk.internal.net.http.", "");
        prefixes.put("jdk.internal.", JDK_INTERNAL);
        prefixes.put("sun.", JDK_INTERNAL);
        prefixes.put("jdk.jfr.", "JFR's own classes, which JFR instruments");
        prefixes.put("jdk.proxy", PROXY);
        prefixes.put("com.sun.proxy.", PROXY);
        prefixes.put("io.github.rseq4j.agent.", AGENT);
        for (String other : new String[] {"io.opentelemetry.javaagent.", "datadog.trace.bootstrap.",
            "datadog.trace.agent.", "datadog.instrument.", "co.elastic.apm.agent.", "com.newrelic.agent.",
            "com.newrelic.bootstrap.", "com.dynatrace.agent.", "com.appdynamics.agent.", "kieker.monitoring.",
            "org.aspectj.weaver.", "org.jacoco.agent.rt.", "one.profiler.", "com.intellij.rt.", "org.glowroot.agent.",
            "com.microsoft.applicationinsights.agent.", "org.apache.skywalking.apm.agent.", "net.bytebuddy.agent."}) {
            prefixes.put(other, OTHER_AGENT);
        }
        return Map.copyOf(prefixes);
    }

    /**
     * Returns the reason for which a class is left alone, judged by its name, or null.
     *
     * @param binaryName the name with dots, as {@link Class#getName} gives it
     */
    public static @Nullable String ofClass(String binaryName) {
        if (binaryName.startsWith("[")) {
            return "an array";
        }
        if (binaryName.indexOf('/') >= 0 || binaryName.contains("$$Lambda")) {
            return "a hidden class, such as that of a lambda: hidden classes cannot be transformed";
        }
        String packageName = binaryName.substring(0, Math.max(0, binaryName.lastIndexOf('.')));
        if (BASE_PACKAGES.contains(packageName) && !packageName.startsWith("javax.")) {
            return LINKING;
        }
        String longest = "";
        for (String prefix : PREFIXES.keySet()) {
            longest = binaryName.startsWith(prefix) && prefix.length() > longest.length() ? prefix : longest;
        }
        String reason = PREFIXES.get(longest);
        return reason == null || reason.isEmpty() ? null : reason;
    }

    /**
     * Returns the reason for which a loaded class is left alone, or null.
     *
     * @param type the class; it is not initialized
     */
    public static @Nullable String ofClass(Class<?> type) {
        if (type.isArray() || type.isPrimitive()) {
            return "an array or a primitive type";
        }
        return type.isHidden() ? ofClass(type.getName()) : Proxy.isProxyClass(type) ? PROXY : ofClass(type.getName());
    }

    /**
     * Returns the reason for which a class is left alone, judged by its class file, or null.
     *
     * @param model the class
     * @param supertypes finds its supertypes; called unless the name is reason enough
     */
    public static @Nullable String ofClass(ClassModel model, Supertypes supertypes) {
        String reason = ofClass(ClassRules.binaryName(model));
        if (reason != null) {
            return reason;
        }
        Set<String> parents = supertypes.of(model);
        return parents.contains("java.lang.ClassLoader") ? LOADER
                : parents.contains("java.lang.reflect.Proxy") ? PROXY
                : parents.contains("java.lang.instrument.ClassFileTransformer") ? TRANSFORMER : null;
    }

    /** Returns the reason for which a method is left alone, or null. The reasons of its class come first. */
    public static @Nullable String ofMethod(MethodModel method) {
        if (method.flags().has(AccessFlag.ABSTRACT)) {
            return "abstract: it has no code";
        }
        if (method.flags().has(AccessFlag.NATIVE)) {
            return "native: it has no bytecode";
        }
        return method.flags().has(AccessFlag.BRIDGE) && method.flags().has(AccessFlag.SYNTHETIC)
                ? "a bridge of the compiler: the method that it calls is matched" : null;
    }
}
