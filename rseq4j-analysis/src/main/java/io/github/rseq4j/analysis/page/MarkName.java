package io.github.rseq4j.analysis.page;

import java.util.List;

/** The name that marks share: of spans, instants, samples, or events of the JVM. */
public final class MarkName {
    /** The kinds of marks. */
    public enum Kind {
        /** The time between two events of one thread. */
        SPAN,
        /** One event. */
        INSTANT,
        /** A sample of CPU time. */
        SAMPLE,
        /** An event of the JVM with a length, from a recording. */
        JVM
    }

    final String text;
    final Kind kind;
    /** The names of the fields: first those of the begin event, then those of the end event. */
    final List<String> fields;
    /** The number of fields that the end event has. */
    final int endFields;
    /** The position in the page's list of names. */
    int index;
    /** The marks of this name in the trace, kept or not, and their time. */
    long count;
    double nanos;
    double selfNanos;

    /**
     * Creates a name.
     *
     * @param text the name, with its provider
     * @param kind the kind of its marks
     * @param fields the names of the fields: first those of the begin event, then those of the end event
     * @param endFields the number of fields that the end event has
     */
    public MarkName(String text, Kind kind, List<String> fields, int endFields) {
        this.text = text;
        this.kind = kind;
        this.fields = List.copyOf(fields);
        this.endFields = endFields;
    }

    /** Tells whether marks of this name have a length. */
    boolean isBar() {
        return kind == Kind.SPAN || kind == Kind.JVM;
    }

    /** Returns the part of the name before the colon. */
    String provider() {
        return text.substring(0, Math.max(text.indexOf(':'), 0));
    }
}
