package io.github.rseq4j.trace;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The events that a provider declares. They keep the rules of {@link Provider}.
 *
 * @param provider the interface
 * @param name the name of the provider
 * @param events the events, in the order of the names of their methods
 */
record ProviderModel(Class<?> provider, String name, List<ProbeMethod> events) {
    /* How it works
     *
     * Class.getMethods returns declared and inherited methods in no particular order. Ids are assigned in the order of
     * names, so that the same program has the same ids in each run.
     *
     * Refused: the order of declaration. Only the class file has it, and the class file is not always available.
     */
    private static final String BEGIN = "_begin";
    private static final String END = "_end";
    private static final Map<Class<?>, FieldType> TYPES = Map.of(boolean.class, FieldType.Basic.BOOLEAN,
            byte.class, FieldType.Basic.BYTE, short.class, FieldType.Basic.SHORT, char.class, FieldType.Basic.CHAR,
            int.class, FieldType.Basic.INT, long.class, FieldType.Basic.LONG, float.class, FieldType.Basic.FLOAT,
            double.class, FieldType.Basic.DOUBLE, String.class, FieldType.Basic.STRING,
            byte[].class, FieldType.Basic.BYTES);

    ProviderModel {
        events = List.copyOf(events);
    }

    /**
     * A method that declares an event, or the two events of a span.
     *
     * @param method the method
     * @param event the name of the event, without the suffix of a span's event
     * @param id the number, or {@link Event#NEXT_ID}
     * @param level the level
     * @param fields the fields
     * @param oneIn the number of calls of which one is recorded
     * @param perSecond the number of calls that are recorded each second, or 0
     */
    record ProbeMethod(Method method, String event, int id, Level level, List<EventType.Field> fields, int oneIn,
                       int perSecond) {
        ProbeMethod {
            fields = List.copyOf(fields);
        }

        /** Tells whether the method starts a span, and so declares two events. */
        boolean isSpan() {
            return method.getReturnType() == Span.class;
        }

        /** Returns the names of the events. */
        List<String> names() {
            return isSpan() ? List.of(event + BEGIN, event + END) : List.of(event);
        }
    }

    /**
     * Reads and checks an interface.
     *
     * @param provider the interface
     * @throws IllegalArgumentException if the interface breaks a rule; the message names the method and the remedy
     */
    static ProviderModel of(Class<?> provider) {
        if (!provider.isInterface() || provider.isAnnotation()) {
            throw fault(provider, "is no interface: a provider is an interface whose methods are events");
        }
        if (provider.isSealed()) {
            throw fault(provider, "is sealed, so nothing can implement it: leave \"sealed\" out");
        }
        Provider annotation = provider.getAnnotation(Provider.class);
        String simple = provider.getSimpleName();
        String name = annotation != null ? annotation.value()
                : Character.toLowerCase(simple.charAt(0)) + simple.substring(1);
        Map<String, Method> byName = new HashMap<>();
        List<ProbeMethod> events = new ArrayList<>();
        for (Method method : events(provider)) {
            Method other = byName.put(method.getName(), method);
            if (other == null) {
                events.add(event(provider, name, method));
            } else if (!Arrays.equals(other.getParameterTypes(), method.getParameterTypes())
                    || other.getReturnType() != method.getReturnType()) {
                throw fault(provider, method, "is there twice, as " + signature(other) + " also: give one of them"
                        + " another name");
            }
        }
        Map<String, Method> owners = new HashMap<>();
        for (ProbeMethod event : events) {
            for (String each : event.names()) {
                Method other = owners.put(each, event.method());
                if (other != null) {
                    throw fault(provider, event.method(), "is the event " + name + ":" + each + ", which "
                            + signature(other) + " is also: give one of them another name with @Event");
                }
            }
        }
        return new ProviderModel(provider, name, events);
    }

    private static List<Method> events(Class<?> provider) {
        List<Method> events = new ArrayList<>();
        for (Method method : provider.getMethods()) {
            if (Modifier.isAbstract(method.getModifiers()) && !isOfObject(method)) {
                events.add(method);
            }
        }
        // Of methods with the same name, a declared method comes before inherited ones.
        events.sort(Comparator.comparing(Method::getName).thenComparing(m -> m.getDeclaringClass() != provider)
                .thenComparing(Method::toString));
        return events;
    }

    private static boolean isOfObject(Method method) {
        try {
            return Modifier.isPublic(Object.class.getDeclaredMethod(method.getName(), method.getParameterTypes())
                    .getModifiers());
        } catch (NoSuchMethodException _) {
            return false;
        }
    }

    private static ProbeMethod event(Class<?> provider, String providerName, Method method) {
        if (method.getTypeParameters().length > 0) {
            throw fault(provider, method, "is generic: give its parameters types that a field can have");
        }
        Class<?> returned = method.getReturnType();
        if (returned != void.class && returned != Span.class) {
            throw fault(provider, method, "returns " + returned.getTypeName() + ": an event returns void, or "
                    + Span.class.getName());
        }
        List<EventType.Field> fields = new ArrayList<>();
        for (Parameter parameter : method.getParameters()) {
            Field annotation = parameter.getAnnotation(Field.class);
            String name = annotation != null ? annotation.value() : parameter.getName();
            FieldType type = type(provider, method, parameter);
            try {
                fields.add(new EventType.Field(name, type));
            } catch (IllegalArgumentException e) {
                throw fault(provider, method, e.getMessage() + "; name the parameter with @Field", e);
            }
        }
        Event annotation = method.getAnnotation(Event.class);
        ProbeMethod event = annotation == null
                ? new ProbeMethod(method, method.getName(), Event.NEXT_ID, Level.INFO, fields, 1, 0)
                : new ProbeMethod(method, annotation.value().isEmpty() ? method.getName() : annotation.value(),
                        annotation.id(), annotation.level(), fields, annotation.oneIn(), annotation.perSecond());
        if (event.oneIn() < 1 || event.perSecond() < 0 || event.perSecond() > Gate.MAX_PER_SECOND) {
            throw fault(provider, method, "oneIn=" + event.oneIn() + ", perSecond=" + event.perSecond()
                    + ": must be at least 1, and 0 to " + Gate.MAX_PER_SECOND + "; change it in @Event");
        }
        if (event.id() < Event.NEXT_ID || event.id() > EventType.MAX_ID - event.names().size() + 1) {
            throw fault(provider, method, "id=" + event.id() + ": must be 0 to "
                    + (EventType.MAX_ID - event.names().size() + 1) + "; change it in @Event, or leave it out");
        }
        for (String each : event.names()) {
            try {
                new EventType(providerName + ":" + each, 0, event.level().ordinal(), fields);
            } catch (IllegalArgumentException e) {
                throw fault(provider, method, e.getMessage() + "; give names with @Provider, @Event and @Field", e);
            }
        }
        return event;
    }

    private static FieldType type(Class<?> provider, Method method, Parameter parameter) {
        Class<?> type = parameter.getType();
        FieldType basic = TYPES.get(type);
        if (basic != null) {
            return basic;
        }
        if (!type.isEnum()) {
            throw fault(provider, method, "parameter " + parameter.getName() + " is of type " + type.getTypeName()
                    + ": a field is a primitive, a String, a byte[] or an enumeration; pass what of it is to be"
                    + " recorded, from a default method for instance");
        }
        List<String> labels = new ArrayList<>();
        for (Object constant : Arrays.asList(type.getEnumConstants())) {
            labels.add(((Enum<?>) constant).name());
        }
        if (labels.isEmpty()) {
            throw fault(provider, method, "parameter " + parameter.getName() + " is of enumeration "
                    + type.getTypeName() + ", which has no constants: leave it out");
        }
        return new FieldType.Enumeration(Collections.unmodifiableList(labels));
    }

    private static String signature(Method method) {
        StringBuilder text = new StringBuilder(method.getName()).append('(');
        String separator = "";
        for (Class<?> type : method.getParameterTypes()) {
            text.append(separator).append(type.getTypeName());
            separator = ", ";
        }
        return text.append(')').toString();
    }

    private static IllegalArgumentException fault(Class<?> provider, String what) {
        return new IllegalArgumentException("provider=" + provider.getName() + ": " + what);
    }

    private static IllegalArgumentException fault(Class<?> provider, Method method, String what) {
        return fault(provider, "method " + signature(method) + ": " + what);
    }

    private static IllegalArgumentException fault(Class<?> provider, Method method, String what, Throwable cause) {
        return new IllegalArgumentException("provider=" + provider.getName() + ": method " + signature(method) + ": "
                + what, cause);
    }
}
