package io.github.rseq4j.elf;

import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.Label;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The parts of an ELF shared object.
 *
 * @param soname its soname
 * @param needed the libraries that it needs
 * @param runPath the folder in which these are searched first, or empty
 * @param functions its functions
 * @param entries the label of the first instruction of each function
 * @param constructor the function that runs when the object is loaded
 * @param exports the exported functions, by symbol
 * @param functionLabels the labels of all functions
 * @param localNames names of other places, for debuggers
 * @param words the words of its data
 * @param objects the exported data
 * @param objectVersion the version of the exported data's symbols
 * @param threadLocals its thread-local variables; the first one is aligned to its size
 */
public record ElfParts(String soname, List<String> needed, String runPath, List<Assembled> functions,
                List<Label> entries, Label constructor, Map<String, Label> exports, Set<Label> functionLabels,
                Map<Label, String> localNames, List<Word> words, List<ExportedObject> objects, String objectVersion,
                List<ThreadVariable> threadLocals) {
    /**
     * Returns the alignment of the thread-local variables: the size of the first one, or of a word if there is none.
     */
    int threadAlignBytes() {
        return threadLocals.isEmpty() ? Long.BYTES : threadLocals.getFirst().bytes().length;
    }

    /** How the dynamic linker relocates a word. */
    public enum Kind {
        /** Not relocated: the word holds its value. */
        CONSTANT,
        /** The address of another object's symbol, or 0. */
        IMPORT,
        /** The value plus the distance of a thread-local variable, of its first definition, from the thread pointer. */
        THREAD,
        /** The same for this object's own definition. */
        THREAD_OWN
    }

    /**
     * A word of data, 8 bytes.
     *
     * @param label its place
     * @param kind how the dynamic linker relocates it
     * @param value its value, or the addend
     * @param symbol the symbol of the relocation, or null
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
     * @param bytes its initial content in a new thread
     */
    public record ThreadVariable(String name, byte[] bytes) {}
}
