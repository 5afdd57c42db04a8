package io.github.rseq4j.ir;

/** The width of a load or a store. A load of 4 bytes clears the upper half of its register. */
public enum Width {
    /** 4 bytes. */
    INT(4),
    /** 8 bytes. */
    LONG(8);

    private final int bytes;

    Width(int bytes) {
        this.bytes = bytes;
    }

    /** Returns the size in bytes. */
    public int bytes() {
        return bytes;
    }

    /**
     * Returns the part of a word that this width moves, as an unsigned number.
     *
     * @param word the word
     */
    public long of(long word) {
        return this == INT ? Integer.toUnsignedLong((int) word) : word;
    }

    /** Returns the prefix of a place of this width in the text of a step. */
    String prefix() {
        return this == INT ? "int " : "";
    }
}
