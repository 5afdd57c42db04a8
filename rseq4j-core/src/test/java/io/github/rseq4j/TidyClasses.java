package io.github.rseq4j;

import static java.util.Map.entry;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The rules for compiled classes: packages refer to lower numbers alone, and one package touches restricted methods.
 */
final class TidyClasses {
    /** The packages in the order in which data flows (DESIGN.md). */
    static final Map<String, Integer> ORDER = Map.ofEntries(entry("kernel", 1), entry("code", 2),
            entry("registration", 3), entry("engine", 4), entry("section", 5), entry("memory", 6), entry("percpu", 7),
            entry("", 8), entry("trace", 9), entry("jackson", 9), entry("jackson2", 9), entry("cli", 10));

    private static final String BASE = "io.github.rseq4j.";
    private static final Pattern REFERENCE = Pattern.compile("io/github/rseq4j/[A-Za-z0-9_/$]+");
    private static final Set<String> RESTRICTED = Set.of("java/lang/foreign/Linker.downcallHandle",
            "java/lang/foreign/Linker.upcallStub", "java/lang/foreign/MemorySegment.reinterpret",
            "java/lang/foreign/SymbolLookup.libraryLookup", "java/lang/foreign/AddressLayout.withTargetLayout",
            "java/lang/System.load", "java/lang/System.loadLibrary");

    private TidyClasses() {}

    /** Returns what is wrong with a class file. */
    static List<String> faults(byte[] bytes) {
        ClassModel model = ClassFile.of().parse(bytes);
        Set<String> classes = new TreeSet<>();
        List<String> methods = new ArrayList<>();
        for (PoolEntry entry : model.constantPool()) {
            switch (entry) {
                case ClassEntry c -> addReferences(c.asInternalName(), classes);
                // Descriptors and signatures are texts in the pool.
                case Utf8Entry text -> addReferences(text.stringValue(), classes);
                case MemberRefEntry m -> methods.add(m.owner().asInternalName() + "." + m.name().stringValue());
                default -> { }
            }
        }
        String name = model.thisClass().asInternalName().replace('/', '.');
        return name.equals("module-info") ? List.of() : faults(name, List.copyOf(classes), methods);
    }

    private static void addReferences(String text, Set<String> classes) {
        Matcher matcher = REFERENCE.matcher(text);
        while (matcher.find()) {
            classes.add(matcher.group().replace('/', '.'));
        }
    }

    /** Returns what is wrong with a class that refers to classes and methods. */
    static List<String> faults(String name, List<String> classes, List<String> methods) {
        List<String> faults = new ArrayList<>();
        for (String other : classes) {
            if (number(other) > number(name)) {
                faults.add(name + ": package order: refers to " + other);
            }
        }
        for (String method : methods) {
            if (RESTRICTED.contains(method) && number(name) != 1) {
                faults.add(name + ": restricted method " + method + " outside of package kernel");
            }
        }
        return faults;
    }

    /** Returns the number of a class's package; a package below another has the other's. */
    static int number(String className) {
        String rest = className.substring(BASE.length());
        if (rest.equals("KernelException")) {
            // What the lowest package throws and users catch: it refers to nothing.
            return 0;
        }
        String top = rest.contains(".") ? rest.substring(0, rest.indexOf('.')) : "";
        return ORDER.getOrDefault(top, Integer.MAX_VALUE);
    }
}
