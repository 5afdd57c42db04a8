package io.github.rseq4j.agent.rule;

import org.jspecify.annotations.Nullable;

/**
 * The methods that a rule names.
 *
 * @param kind the meaning of the first name
 * @param type the name of classes or annotations
 * @param methods the names of methods, or null for all
 */
record Target(Kind kind, Glob type, @Nullable Glob methods) {
    private static final String FORM = "a glob is CLASS::METHOD, CLASS (all its methods), CLASS+::METHOD (with its"
            + " subclasses) or @ANNOTATION, for example com.acme.**::handle*";
    private static final String SEPARATOR = "::";
    private static final String CONSTRUCTOR = "<init>";
    private static final String INITIALIZER = "<clinit>";

    /** The meaning of the name of a type. */
    enum Kind {
        /** The classes with this name. */
        CLASSES,
        /** These classes and their subtypes. */
        SUBTYPES,
        /** Classes and methods with this annotation. */
        ANNOTATED
    }

    static Target parse(String glob) {
        int separator = glob.indexOf(SEPARATOR);
        String type = separator < 0 ? glob : glob.substring(0, separator);
        String methods = separator < 0 ? null : glob.substring(separator + SEPARATOR.length());
        Kind kind = Kind.CLASSES;
        if (type.startsWith("@")) {
            kind = Kind.ANNOTATED;
            type = type.substring(1);
        } else if (type.endsWith("+")) {
            kind = Kind.SUBTYPES;
            type = type.substring(0, type.length() - 1);
        }
        check(glob, type, "/:#()[];<>@+", kind == Kind.ANNOTATED ? "annotation" : "class");
        if (type.startsWith(".") || type.endsWith(".") || type.contains("..")) {
            throw new RuleException("method=" + glob + " has an empty part in the name of a class; " + FORM);
        }
        if (methods == null) {
            return new Target(kind, new Glob(type), null);
        }
        if (!methods.equals(CONSTRUCTOR) && !methods.equals(INITIALIZER)) {
            check(glob, methods, "/.:()[];<>", "method");
        }
        return new Target(kind, new Glob(type), new Glob(methods));
    }

    private static void check(String glob, String name, String forbidden, String what) {
        if (name.isEmpty()) {
            throw new RuleException("method=" + glob + " has no name of a" + (what.startsWith("a") ? "n " : " ") + what
                    + "; " + FORM);
        }
        for (int at = 0; at < name.length(); at++) {
            char c = name.charAt(at);
            boolean isEdge = at == 0 || at == name.length() - 1;
            if (forbidden.indexOf(c) >= 0 || Character.isISOControl(c) || isEdge && Character.isWhitespace(c)) {
                throw new RuleException("method=" + glob + " has the character '" + c + "' in the name of a"
                        + (what.startsWith("a") ? "n " : " ") + what + "; " + FORM + advice(c));
            }
        }
    }

    private static String advice(char c) {
        return switch (c) {
            case '/' -> "; packages are separated by dots";
            case '#', ':' -> "; :: stands between class and method";
            case '(', ')' -> "; a rule has no parameter types, it means all methods of a name";
            case '<', '>' -> "; constructors are ::<init>, the static initializer is ::<clinit>";
            default -> "";
        };
    }

    /** Tells whether a name of a method matches. The static initializer matches only its own name. */
    boolean matchesMethod(String name) {
        return methods == null || !methods.isLiteral() ? !name.equals(INITIALIZER)
                && (methods == null || methods.matches(name)) : methods.matches(name);
    }
}
