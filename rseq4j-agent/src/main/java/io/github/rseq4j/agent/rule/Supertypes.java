package io.github.rseq4j.agent.rule;

import java.lang.classfile.ClassModel;
import java.util.Set;

/** Finds the supertypes of a class, without loading it. */
@FunctionalInterface
public interface Supertypes {
    /**
     * Returns all supertypes of a class: its superclasses and all interfaces that it implements, direct or inherited.
     * Supertypes that cannot be found are missing from the result.
     *
     * @param model the class
     * @return the binary names, with dots, for example {@code java.util.Map$Entry}
     */
    Set<String> of(ClassModel model);
}
