package io.github.rseq4j.agent;

import io.github.rseq4j.agent.rule.Supertypes;
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

/** Finds the supertypes of one class, once, and loads none: from the class files that its loader finds. */
final class ClassSupertypes implements Supertypes {
    private static final int MAX_TYPES = 1000;

    private final @Nullable ClassLoader loader;
    private @Nullable Set<String> known;

    /**
     * Prepares to find supertypes.
     *
     * @param loader the loader of the class, or null for the bootstrap loader
     */
    ClassSupertypes(@Nullable ClassLoader loader) {
        this.loader = loader;
    }

    /** A supertype whose class file is not found is in the result, and those beyond it are not. */
    @Override
    public Set<String> of(ClassModel model) {
        Set<String> found = known;
        if (found == null) {
            found = find(model);
            known = found;
        }
        return found;
    }

    private Set<String> find(ClassModel model) {
        Set<String> found = new HashSet<>();
        Deque<String> left = new ArrayDeque<>(direct(model));
        while (!left.isEmpty() && found.size() < MAX_TYPES) {
            String next = left.pop();
            if (found.add(next.replace('/', '.'))) {
                left.addAll(read(next));
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

    private List<String> read(String name) {
        ClassModel model = file(name);
        return model == null ? List.of() : direct(model);
    }

    /** Returns the class file of a name with slashes that the loader finds, or null. */
    @Nullable ClassModel file(String name) {
        String file = name + ".class";
        try (InputStream in = loader == null ? ClassLoader.getSystemResourceAsStream(file)
                : loader.getResourceAsStream(file)) {
            return in == null ? null : ClassFile.of().parse(in.readAllBytes());
        } catch (IOException | RuntimeException _) {
            // Such a loader cannot tell.
            return null;
        }
    }
}
