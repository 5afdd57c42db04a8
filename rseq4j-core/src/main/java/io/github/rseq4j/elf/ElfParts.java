package io.github.rseq4j.elf;

import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.Label;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an ELF shared object is made of.
 *
 * @param soname its name
 * @param needed the libraries that are loaded with it
 * @param runPath where they are looked for first, or empty
 * @param functions its code
 * @param entries for each of them the label of its first instruction
 * @param constructor the function that runs when it is loaded
 * @param exports functions by their symbols
 * @param functionLabels the labels of all functions
 * @param localNames names of places, for people
 * @param words its data
 * @param objects data by their symbols
 * @param objectVersion the version of these symbols
 * @param threadLocals its thread-local variables; the first is aligned to its size
 */
public record ElfParts(String soname, List<String> needed, String runPath, List<Assembled> functions,
                List<Label> entries, Label constructor, Map<String, Label> exports, Set<Label> functionLabels,
                Map<Label, String> localNames, List<Word> words, List<ExportedObject> objects, String objectVersion,
                List<ThreadVariable> threadLocals) {
    /** Returns the alignment of the thread-local variables: the first one's size, or a word's where there is none. */
    int threadAlignBytes() {
        return threadLocals.isEmpty() ? Long.BYTES : threadLocals.getFirst().bytes().length;
    }

    /** What the dynamic linker makes of a word. */
    public enum Kind {
        /** Nothing: it holds its value. */
        CONSTANT,
        /** The address of a symbol that somebody else defines, or 0. */
        IMPORT,
        /** The distance of a thread-local variable from the thread pointer, whoever defines it first; and the value. */
        THREAD,
        /** The same of this object's own one. */
        THREAD_OWN
    }

    /**
     * A word of data, 8 bytes.
     *
     * @param label its place
     * @param kind what the dynamic linker makes of it
     * @param value its value, or what is added
     * @param symbol the symbol it is made from, or null
     */
    public record Word(Label label, Kind kind, long value, @Nullable String symbol) {}

    /**
     * Data with a symbol.
     *
     * @param name the symbol
     * @param label its place
     * @param sizeBytes its size
     */
    public record ExportedObject(String name, Label label, int sizeBytes) {}

    /**
     * A thread-local variable.
     *
     * @param name its symbol
     * @param bytes what it holds in a new thread
     */
    public record ThreadVariable(String name, byte[] bytes) {}
}
