package io.github.rseq4j.agent.rule;

import java.lang.classfile.Annotation;
import java.lang.classfile.AttributedElement;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The rules that apply to one class. Not for use by several threads. */
public final class ClassRules {
    /* How it works
     *
     * The JVM makes the class file of a loaded class from what it has kept of it, and it keeps no annotations of
     * retention CLASS. The constant pool still has their names. If it has a name that a rule means, then the class file
     * is read where the class was loaded from.
     */
    private final List<Candidate> candidates = new ArrayList<>();
    private final ClassModel annotated;

    /**
     * A rule that may match methods of the class.
     *
     * @param needsAnnotation whether it matches only methods with the annotation
     */
    private record Candidate(Rule rule, Target target, boolean needsAnnotation) {}

    ClassRules(List<Rule> rules, List<Target> targets, ClassModel model, Supertypes supertypes,
            Supplier<ClassModel> original) {
        ClassModel complete = null;
        String name = binaryName(model);
        Set<String> parents = null;
        List<String> annotations = null;
        for (int i = 0; i < targets.size(); i++) {
            Target target = targets.get(i);
            boolean matches = target.kind() != Target.Kind.ANNOTATED && target.type().matches(name);
            boolean needsAnnotation = false;
            if (target.kind() == Target.Kind.SUBTYPES && !matches) {
                parents = parents == null ? supertypes.of(model) : parents;
                matches = parents.stream().anyMatch(target.type()::matches);
            } else if (target.kind() == Target.Kind.ANNOTATED && isMentioned(target.type(), model)) {
                complete = complete == null ? original.get() : complete;
                annotations = annotations == null ? annotations(complete) : annotations;
                needsAnnotation = annotations.stream().noneMatch(target.type()::matches);
                matches = true;
            }
            if (matches) {
                candidates.add(new Candidate(rules.get(i), target, needsAnnotation));
            }
        }
        annotated = complete == null ? model : complete;
    }

    /** Tells whether a class file names a type, for example that of an annotation. */
    private static boolean isMentioned(Glob type, ClassModel model) {
        for (PoolEntry entry : model.constantPool()) {
            if (entry instanceof Utf8Entry text) {
                String descriptor = text.stringValue();
                if (descriptor.startsWith("L") && descriptor.endsWith(";") && type.matches(typeName(descriptor))) {
                    return true;
                }
            }
        }
        return false;
    }

    private static String typeName(String descriptor) {
        return descriptor.substring(1, descriptor.length() - 1).replace('/', '.');
    }

    /** Returns the name of a class with dots. */
    static String binaryName(ClassModel model) {
        return model.thisClass().asInternalName().replace('/', '.');
    }

    /**
     * Returns the last rule that matches a method of the class, or null. It ignores {@link LeftAlone}.
     *
     * @param method a method of the class
     */
    public @Nullable Rule match(MethodModel method) {
        String name = method.methodName().stringValue();
        List<String> annotations = null;
        for (int i = candidates.size() - 1; i >= 0; i--) {
            Candidate candidate = candidates.get(i);
            if (!candidate.target().matchesMethod(name)) {
                continue;
            }
            if (candidate.needsAnnotation()) {
                annotations = annotations == null ? annotations(complete(method)) : annotations;
                if (annotations.stream().noneMatch(candidate.target().type()::matches)) {
                    continue;
                }
            }
            return candidate.rule();
        }
        return null;
    }

    /** Returns a method as the class file has it, with all annotations. */
    private MethodModel complete(MethodModel method) {
        for (MethodModel each : annotated.methods()) {
            if (each.methodName().equals(method.methodName()) && each.methodType().equals(method.methodType())) {
                return each;
            }
        }
        return method;
    }

    /** Returns the names of the annotations of a class or method, whatever their retention in class files. */
    private static List<String> annotations(AttributedElement element) {
        List<String> names = new ArrayList<>();
        element.findAttribute(Attributes.runtimeVisibleAnnotations()).ifPresent(a -> add(names, a.annotations()));
        element.findAttribute(Attributes.runtimeInvisibleAnnotations()).ifPresent(a -> add(names, a.annotations()));
        return names;
    }

    private static void add(List<String> names, List<Annotation> annotations) {
        for (Annotation annotation : annotations) {
            names.add(typeName(annotation.className().stringValue()));
        }
    }
}
