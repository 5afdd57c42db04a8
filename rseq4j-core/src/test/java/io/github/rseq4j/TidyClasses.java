package io.github.rseq4j;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The rules for compiled classes: packages refer to the rooms that DESIGN.md names, and one package touches
 * restricted methods.
 */
final class TidyClasses {
    private static final String RESTRICTED_ROOM = "kernel";
    private static final Pattern REFERENCE = Pattern.compile("io/github/rseq4j/[A-Za-z0-9_/$]+");
    private static final Set<String> RESTRICTED = Set.of("java/lang/foreign/Linker.downcallHandle",
            "java/lang/foreign/Linker.upcallStub", "java/lang/foreign/MemorySegment.reinterpret",
            "java/lang/foreign/SymbolLookup.libraryLookup", "java/lang/foreign/AddressLayout.withTargetLayout",
            "java/lang/System.load", "java/lang/System.loadLibrary");

    private TidyClasses() {}

    /** Returns the faults of a class file. */
    static List<String> faults(TidyRooms rooms, byte[] bytes) {
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
        return name.endsWith("-info") ? List.of() : faults(rooms, name, List.copyOf(classes), methods);
    }

    private static void addReferences(String text, Set<String> classes) {
        Matcher matcher = REFERENCE.matcher(text);
        while (matcher.find()) {
            classes.add(matcher.group().replace('/', '.'));
        }
    }

    /** Returns the faults of a class that refers to classes and methods. */
    static List<String> faults(TidyRooms rooms, String name, List<String> classes, List<String> methods) {
        List<String> faults = new ArrayList<>();
        for (String other : classes) {
            for (String fault : rooms.faults(name, other)) {
                faults.add(name + ": " + fault);
            }
        }
        for (String method : methods) {
            if (RESTRICTED.contains(method) && !rooms.room(name).equals(RESTRICTED_ROOM)) {
                faults.add(name + ": restricted method " + method + " outside of package kernel");
            }
        }
        return faults;
    }
}
