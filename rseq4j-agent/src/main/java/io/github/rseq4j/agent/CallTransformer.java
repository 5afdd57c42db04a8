package io.github.rseq4j.agent;

import io.github.rseq4j.agent.code.Hook;
import io.github.rseq4j.agent.code.Instrumenter;
import io.github.rseq4j.agent.rule.ClassRules;
import io.github.rseq4j.agent.rule.LeftAlone;
import io.github.rseq4j.agent.rule.Rule;
import io.github.rseq4j.agent.rule.RuleSet;
import io.github.rseq4j.agent.site.TracedMethod;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Instruments the methods that rules match, in classes as they are loaded or transformed again. */
final class CallTransformer implements ClassFileTransformer {
    /* How it works
     *
     * The JVM calls a transformer on the threads of the program, for each class that they load. So this one takes no
     * lock but the registry's for a moment, loads no class, and throws nothing.
     */
    private final @Nullable MethodRegistry methods;
    private final Matches matches;
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    private volatile RuleSet rules;

    /**
     * Makes a transformer.
     *
     * @param rules the rules
     * @param methods receives the methods that the rules match; null if classes stay as they are
     * @param matches receives what was matched and left alone
     */
    CallTransformer(RuleSet rules, @Nullable MethodRegistry methods, Matches matches) {
        this.rules = rules;
        this.methods = methods;
        this.matches = matches;
    }

    /** Changes the rules for the classes that come. */
    void use(RuleSet next) {
        rules = next;
    }

    /** Leaves a class alone that the JVM has refused. */
    void refuse(String className, String reason) {
        refused.add(className);
        matches.leftAlone(className, reason);
    }

    /** Returns the name of a class, of a hidden class without the number. */
    static String name(Class<?> type) {
        String name = type.getName();
        return type.isHidden() ? name.substring(0, name.indexOf('/')) : name;
    }

    /** Tells whether a class may have methods to instrument. */
    boolean mayMatch(Class<?> type) {
        String name = name(type);
        if (!rules.mayMatchClass(name)) {
            return false;
        }
        String reason = LeftAlone.ofClass(type);
        // No rule means the hidden classes of lambdas and method handles, which are many.
        boolean isNoted = !type.isHidden() || !name.contains("$$") && !name.startsWith("java.lang.invoke.");
        if (reason != null && isNoted && rules.namesClass(name)) {
            matches.leftAlone(name, reason);
        }
        return reason == null;
    }

    @Override
    public byte @Nullable [] transform(@Nullable Module module, @Nullable ClassLoader loader, @Nullable String name,
            @Nullable Class<?> redefined, @Nullable ProtectionDomain domain, byte[] bytes) {
        if (name == null) {
            return null;
        }
        String binaryName = name.replace('/', '.');
        RuleSet now = rules;
        try {
            if (!now.mayMatchClass(binaryName) || refused.contains(binaryName)) {
                return null;
            }
            return LeftAlone.ofClass(binaryName) != null ? null
                    : transform(now, loader, binaryName, bytes, redefined != null);
        } catch (Throwable t) {
            matches.leftAlone(binaryName, "cannot be instrumented: " + t);
            return null;
        }
    }

    private byte @Nullable [] transform(RuleSet now, @Nullable ClassLoader loader, String binaryName, byte[] bytes,
            boolean isLoaded) {
        ClassModel model = ClassFile.of().parse(bytes);
        ClassSupertypes supertypes = new ClassSupertypes(loader);
        ClassRules ofClass = isLoaded ? now.of(model, supertypes, () -> original(model, supertypes))
                : now.of(model, supertypes);
        if (model.methods().stream().allMatch(method -> ofClass.match(method) == null)) {
            return null;
        }
        String reason = LeftAlone.ofClass(model, supertypes);
        if (reason != null) {
            matches.leftAlone(binaryName, reason);
            return null;
        }
        byte[] made = Instrumenter.instrument(model, method -> hook(ofClass, model, method));
        if (made != null) {
            matches.instrumented(binaryName);
        }
        return methods == null ? null : made;
    }

    private static ClassModel original(ClassModel model, ClassSupertypes files) {
        ClassModel found = files.file(model.thisClass().asInternalName());
        return found == null ? model : found;
    }

    private @Nullable Hook hook(ClassRules ofClass, ClassModel model, MethodModel method) {
        Rule rule = ofClass.match(method);
        if (rule == null) {
            return null;
        }
        Hook dry = new Hook(0, rule.args());
        String name = model.thisClass().asInternalName().replace('/', '.') + "::" + method.methodName().stringValue();
        String left = LeftAlone.ofMethod(method);
        String reason = left == null ? Instrumenter.reason(model, method, dry) : left;
        if (reason != null) {
            matches.leftAlone(name, reason);
            return null;
        }
        matches.matched(name, rule);
        return methods == null ? dry : new Hook(methods.add(TracedMethod.of(model, method), rule), rule.args());
    }
}
