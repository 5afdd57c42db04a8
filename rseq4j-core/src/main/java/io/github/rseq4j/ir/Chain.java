package io.github.rseq4j.ir;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A function: one section, or several that run one after the other in one call. Each section commits by itself. The
 * status of a failure has the number of sections that committed.
 *
 * @param name the function's name
 * @param arguments the number of longs that it takes
 * @param restarts the most restarts of all sections together, after which the function returns
 * @param sections the sections, which share the arguments; temporaries do not outlive a section
 * @param index the field that selects the copy, or null to let the engine choose it
 */
public record Chain(String name, int arguments, int restarts, List<Section> sections, @Nullable Index index) {
    /** The most arguments. */
    public static final int MAX_ARGUMENTS = 16;
    /** The most sections. */
    public static final int MAX_SECTIONS = 8;
    /** The most restarts. */
    public static final int MAX_RESTARTS = 1 << 20;
    /** The default: far more restarts than a quiet machine needs, far fewer than delay a safepoint. */
    public static final int DEFAULT_RESTARTS = 64;

    /**
     * Makes a function.
     *
     * @throws IllegalArgumentException when a number is out of its range, or a step uses an argument that is not there
     */
    public Chain {
        sections = List.copyOf(sections);
        Rules.range("arguments", arguments, 0, MAX_ARGUMENTS);
        Rules.range("restarts", restarts, 0, MAX_RESTARTS);
        Rules.range("sections", sections.size(), 1, MAX_SECTIONS);
        for (Section section : sections) {
            Rules.checkArguments(section, arguments);
        }
    }

    /** Makes a function that leaves the index to the engine. */
    public Chain(String name, int arguments, int restarts, List<Section> sections) {
        this(name, arguments, restarts, sections, null);
    }

    /**
     * Makes a function of one section, with its name and the usual number of restarts.
     *
     * @param arguments the number of longs that it takes
     * @param section the section
     */
    public static Chain of(int arguments, Section section) {
        return new Chain(section.name(), arguments, DEFAULT_RESTARTS, List.of(section));
    }

    /**
     * Returns a function of the same sections with another index.
     *
     * @param other the field that selects the copy
     */
    public Chain by(Index other) {
        return new Chain(name, arguments, restarts, sections, other);
    }
}
