package io.github.rseq4j.bench.suite;

/**
 * Something that is measured.
 *
 * @param name its name in tables, unique in its family
 * @param side what it is
 * @param source measures it
 */
record Row(String name, Side side, Source source) {}
