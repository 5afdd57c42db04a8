package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The type of a field of an event, which determines the bytes of its values in a record. Records are little endian and
 * have no padding between fields.
 *
 * @since 0.1.0
 */
public sealed interface FieldType {
    /** {@return the size of a value in bytes; for a type of varying length the smallest size} */
    int minimumBytes();

    /**
     * The types without parameters.
     *
     * @since 0.1.0
     */
    enum Basic implements FieldType {
        /** One byte, 0 or 1. */
        BOOLEAN(Byte.BYTES),
        /** One byte, signed. */
        BYTE(Byte.BYTES),
        /** Two bytes, signed. */
        SHORT(Short.BYTES),
        /** Two bytes, unsigned: a UTF-16 code unit. */
        CHAR(Character.BYTES),
        /** Four bytes, signed. */
        INT(Integer.BYTES),
        /** Eight bytes, signed. */
        LONG(Long.BYTES),
        /** Four bytes, IEEE 754 binary32. */
        FLOAT(Float.BYTES),
        /** Eight bytes, IEEE 754 binary64. */
        DOUBLE(Double.BYTES),
        /** The original length in bytes of UTF-8, the recorded length, and the recorded bytes. */
        STRING(PacketLayout.LENGTHS_BYTES),
        /** The original length in bytes, the recorded length, and the recorded bytes. */
        BYTES(PacketLayout.LENGTHS_BYTES);

        private final int minimumBytes;

        Basic(int minimumBytes) {
            this.minimumBytes = minimumBytes;
        }

        @Override
        public int minimumBytes() {
            return minimumBytes;
        }

        /** {@return whether values of this type have different lengths} */
        public boolean isVarying() {
            return this == STRING || this == BYTES;
        }
    }

    /**
     * A Java enumeration: four bytes with the ordinal, or -1 for null.
     *
     * @param labels the names of the constants, by ordinal
     * @since 0.1.0
     */
    record Enumeration(List<String> labels) implements FieldType {
        /** The longest label, in characters. */
        public static final int MAX_LABEL_CHARS = 1 << 16;

        /**
         * Checks the labels.
         *
         * @throws IllegalArgumentException if there is no label, or if a label is empty, too long or a duplicate
         */
        public Enumeration {
            labels = List.copyOf(labels);
            if (labels.isEmpty()) {
                throw new IllegalArgumentException("labels=[]: an enumeration has one at least");
            }
            Set<String> seen = new HashSet<>();
            for (String label : labels) {
                if (label.isEmpty() || label.length() > MAX_LABEL_CHARS) {
                    throw new IllegalArgumentException("label of " + label.length() + " characters: must have 1 to "
                            + MAX_LABEL_CHARS);
                }
                if (!seen.add(label)) {
                    throw new IllegalArgumentException("label=" + label + ": is there twice");
                }
            }
        }

        /**
         * {@return the label of null: {@code null}, in parentheses if a constant has that name} Java forbids such a
         * name, but other languages of the JVM do not.
         */
        public String nullLabel() {
            String label = "null";
            while (labels.contains(label)) {
                label = "(" + label + ")";
            }
            return label;
        }

        @Override
        public int minimumBytes() {
            return Integer.BYTES;
        }
    }
}
