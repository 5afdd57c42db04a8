package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The type of a field of an event: how its value lies in a record. Records are little endian and have no padding
 * between fields.
 */
public sealed interface FieldType {
    /** {@return the size of a value in bytes; of a type of varying length the least size} */
    int minimumBytes();

    /** The types that are the same for every event. */
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
        /** The length of the whole in bytes of UTF-8, the length of what is recorded, and that. */
        STRING(PacketLayout.LENGTHS_BYTES),
        /** The length of the whole, the length of what is recorded, and that. */
        BYTES(PacketLayout.LENGTHS_BYTES);

        private final int minimumBytes;

        Basic(int minimumBytes) {
            this.minimumBytes = minimumBytes;
        }

        @Override
        public int minimumBytes() {
            return minimumBytes;
        }

        /** {@return whether values differ in length} */
        public boolean isVarying() {
            return this == STRING || this == BYTES;
        }
    }

    /**
     * A Java enumeration: four bytes, the ordinal, or -1 for null.
     *
     * @param labels the constants' names, by ordinal
     */
    record Enumeration(List<String> labels) implements FieldType {
        /** The longest label, in characters. */
        public static final int MAX_LABEL_CHARS = 1 << 16;

        /**
         * Checks it.
         *
         * @throws IllegalArgumentException when there is no label, or one that is empty, too long or there twice
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

        @Override
        public int minimumBytes() {
            return Integer.BYTES;
        }
    }
}
