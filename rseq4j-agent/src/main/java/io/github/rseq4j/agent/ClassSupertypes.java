package io.github.rseq4j.agent;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the supertypes of a class without loading one: from the class files that its loader finds. */
final class ClassSupertypes {
    private static final int MAX_TYPES = 1000;

    private ClassSupertypes() {}

    /**
     * Returns the binary names of all classes and interfaces that a class extends and implements. A supertype whose
     * class file is not found is among them, and those beyond it are not.
     *
     * @param model the class
     * @param loader its loader, or null for the bootstrap loader
     */
    static Set<String> of(ClassModel model, @Nullable ClassLoader loader) {
        Set<String> found = new HashSet<>();
        Deque<String> left = new ArrayDeque<>(direct(model));
        while (!left.isEmpty() && found.size() < MAX_TYPES) {
            String next = left.pop();
            if (found.add(next.replace('/', '.'))) {
                left.addAll(read(next, loader));
            }
        }
        return found;
    }

    private static List<String> direct(ClassModel model) {
        List<String> names = new ArrayList<>();
        model.superclass().map(ClassEntry::asInternalName).ifPresent(names::add);
        model.interfaces().forEach(each -> names.add(each.asInternalName()));
        return names;
    }

    private static List<String> read(String name, @Nullable ClassLoader loader) {
        String file = name + ".class";
        try (InputStream in = loader == null ? ClassLoader.getSystemResourceAsStream(file)
                : loader.getResourceAsStream(file)) {
            return in == null ? List.of() : direct(ClassFile.of().parse(in.readAllBytes()));
        } catch (IOException | RuntimeException _) {
            // Such a loader cannot tell.
            return List.of();
        }
    }
}
