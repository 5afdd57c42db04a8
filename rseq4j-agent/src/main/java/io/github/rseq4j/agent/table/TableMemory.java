package io.github.rseq4j.agent.table;

import io.github.rseq4j.KernelException;

/** The memory of the table's writer. {@link MethodTable} calls it under its monitor. */
sealed interface TableMemory permits SharedTable, CopiedTable {
    /** Returns the layout of the file. */
    TableLayout layout();

    /**
     * Writes a word of the header or of an entry.
     *
     * @param offset its offset in the file
     * @param value the word
     */
    void put(long offset, long value);

    /**
     * Writes bytes of texts.
     *
     * @param offset the offset in the file
     * @param bytes the bytes
     */
    void put(long offset, byte[] bytes);

    /**
     * Returns the cell of a method's counter.
     *
     * @param site the method
     * @throws KernelException when the kernel refuses memory
     */
    long counter(int site);

    /**
     * Returns the first cell of a histogram.
     *
     * @param number the number of histograms before it
     * @throws KernelException when the kernel refuses memory
     */
    long histogram(int number);

    /**
     * Returns the address of a method's longest duration.
     *
     * @param site the method
     */
    long max(int site);

    /** Returns the most histograms. */
    int maxHistograms();

    /**
     * Copies what was counted to the file, unless the file has the cells themselves.
     *
     * @param histograms the method of each histogram
     * @param count the number of methods
     */
    void publish(int[] histograms, int count);
}
