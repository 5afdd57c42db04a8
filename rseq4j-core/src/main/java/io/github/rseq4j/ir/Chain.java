package io.github.rseq4j.ir;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A function: one section, or several that run one after the other in one call. Each commits by itself; a failure tells
 * how many did.
 *
 * @param name the function's name
 * @param arguments how many longs it takes
 * @param restarts how often, in all, a section may be restarted before the function gives up
 * @param sections the sections, which share the arguments; temporaries do not outlive a section
 * @param index what selects the memory, or null to leave that to the engine: memory then follows the threads that run
 */
public record Chain(String name, int arguments, int restarts, List<Section> sections, @Nullable Index index) {
    /** The most arguments. */
    public static final int MAX_ARGUMENTS = 16;
    /** The most sections. */
    public static final int MAX_SECTIONS = 8;
    /** The most restarts. */
    public static final int MAX_RESTARTS = 1 << 20;
    /** Restarts where nothing else is asked: far more than a quiet machine needs, far less than a safepoint notices. */
    public static final int DEFAULT_RESTARTS = 64;

    /**
     * Makes a function.
     *
     * @throws IllegalArgumentException when a number is out of its range or a step uses an argument there is not
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
     * @param arguments how many longs it takes
     * @param section the section
     */
    public static Chain of(int arguments, Section section) {
        return new Chain(section.name(), arguments, DEFAULT_RESTARTS, List.of(section));
    }

    /**
     * Returns the same sections by another index.
     *
     * @param other what selects the memory
     */
    public Chain by(Index other) {
        return new Chain(name, arguments, restarts, sections, other);
    }
}
