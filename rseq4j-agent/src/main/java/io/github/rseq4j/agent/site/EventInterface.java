package io.github.rseq4j.agent.site;

import io.github.rseq4j.trace.Event;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Span;
import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.classfile.attribute.RuntimeVisibleParameterAnnotationsAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The interfaces that declare the agent's events to a tracer: one event each, by the method {@link #METHOD}. */
final class EventInterface {
    static final String METHOD = "record";
    private static final int MAX_NAME = 120;
    private static final String PACKAGE = "io.github.rseq4j.agent.event";

    private EventInterface() {}

    /** Makes classes visible to tracers. Its classes live as long as the agent's. */
    static final class Loader extends ClassLoader {
        private int count;

        Loader() {
            super(EventInterface.class.getClassLoader());
        }

        /** Defines an interface, of which the name is given. */
        private synchronized Class<?> define(ClassDesc name, byte[] bytes) {
            return defineClass(name.packageName() + "." + name.displayName(), bytes, 0, bytes.length);
        }

        private synchronized ClassDesc nextName() {
            return ClassDesc.of(PACKAGE, "E" + count++);
        }
    }

    /** Declares the two events of a span without fields. */
    static Class<?> span(Loader loader, String provider, String event, int perSecond) {
        return define(loader, provider, event, perSecond, MethodTypeDesc.of(desc(Span.class)), List.of());
    }

    /** Declares the event of a slow call. */
    static Class<?> slow(Loader loader, String provider, String event, int perSecond, TracedMethod method,
            boolean hasValues, boolean hasStack) {
        List<ClassDesc> types = fieldTypes(method, hasValues, hasStack).stream().map(EventInterface::desc).toList();
        return define(loader, provider, event, perSecond, MethodTypeDesc.of(ConstantDescs.CD_void, types),
                fieldNames(method, hasValues, hasStack));
    }

    static boolean isVoid(TracedMethod method) {
        return method.result().equals(ConstantDescs.CD_void);
    }

    /** Returns the types of the fields of the event of a slow call: primitive types and String. */
    static List<Class<?>> fieldTypes(TracedMethod method, boolean hasValues, boolean hasStack) {
        List<Class<?>> types = new ArrayList<>(List.of(long.class));
        if (hasValues) {
            method.types().forEach(each -> types.add(fieldType(each)));
            if (!isVoid(method)) {
                types.add(fieldType(method.result()));
            }
            types.add(String.class);
        }
        if (hasStack) {
            types.add(String.class);
        }
        return types;
    }

    private static Class<?> fieldType(ClassDesc type) {
        return switch (type.descriptorString()) {
            case "Z" -> boolean.class;
            case "B" -> byte.class;
            case "S" -> short.class;
            case "C" -> char.class;
            case "I" -> int.class;
            case "J" -> long.class;
            case "F" -> float.class;
            case "D" -> double.class;
            default -> String.class;
        };
    }

    private static List<String> fieldNames(TracedMethod method, boolean hasValues, boolean hasStack) {
        Set<String> taken = new HashSet<>(Set.of(SlowEvent.DURATION, SlowEvent.RESULT, SlowEvent.EXCEPTION,
                SlowEvent.STACK));
        List<String> names = new ArrayList<>(List.of(SlowEvent.DURATION));
        if (hasValues) {
            for (String parameter : method.parameters()) {
                String clean = parameter.replaceAll("[^A-Za-z0-9_]", "_");
                String wanted = clean.isEmpty() || !clean.substring(0, 1).matches("[A-Za-z]") ? "a" + clean : clean;
                String name = wanted.substring(0, Math.min(wanted.length(), MAX_NAME));
                while (!taken.add(name)) {
                    name = "_".equals(name.substring(name.length() - 1)) ? name + "2" : name + "_";
                }
                names.add(name);
            }
            if (!isVoid(method)) {
                names.add(SlowEvent.RESULT);
            }
            names.add(SlowEvent.EXCEPTION);
        }
        if (hasStack) {
            names.add(SlowEvent.STACK);
        }
        return names;
    }

    /** Returns a name that a provider or an event can have. */
    static String clean(String name) {
        String clean = name.equals(ConstantDescs.INIT_NAME) ? "new" : name.replaceAll("[^A-Za-z0-9_.$-]", "_");
        String last = clean.substring(Math.max(0, clean.length() - MAX_NAME));
        return last.substring(0, 1).matches("[A-Za-z_]") ? last : "_" + last;
    }

    private static Class<?> define(Loader loader, String provider, String event, int perSecond, MethodTypeDesc type,
            List<String> fields) {
        ClassDesc name = loader.nextName();
        byte[] bytes = ClassFile.of().build(name, builder -> builder
                .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_INTERFACE | ClassFile.ACC_ABSTRACT)
                .with(RuntimeVisibleAnnotationsAttribute.of(annotation(Provider.class, provider)))
                .withMethod(METHOD, type, ClassFile.ACC_PUBLIC | ClassFile.ACC_ABSTRACT, method -> {
                    method.with(RuntimeVisibleAnnotationsAttribute.of(Annotation.of(desc(Event.class),
                            AnnotationElement.ofString("value", event),
                            AnnotationElement.ofInt("perSecond", perSecond))));
                    if (!fields.isEmpty()) {
                        method.with(RuntimeVisibleParameterAnnotationsAttribute.of(fields.stream()
                                .map(field -> List.of(annotation(Field.class, field))).toList()));
                    }
                }));
        return loader.define(name, bytes);
    }

    private static Annotation annotation(Class<?> type, String value) {
        return Annotation.of(desc(type), AnnotationElement.ofString("value", value));
    }

    private static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
