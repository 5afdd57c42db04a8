package io.github.rseq4j.bench.suite;

/**
 * Something that is measured.
 *
 * @param name its name in tables, unique in its family
 * @param side what it is
 * @param source measures it
 * @param group the operation, if the family has several; a row of ours is compared with those of its group, and with
 *     those that have none; otherwise empty
 */
record Row(String name, Side side, Source source, String group) {
    /** A row of a family with one operation. */
    Row(String name, Side side, Source source) {
        this(name, side, source, "");
    }
}
