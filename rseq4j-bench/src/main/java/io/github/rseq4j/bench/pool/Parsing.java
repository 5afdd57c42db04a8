package io.github.rseq4j.bench.pool;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** A parser with one version of Jackson and one pool of recyclers. Any thread may call any method. */
public sealed interface Parsing permits Parsing2, Parsing3 {
    /** The names of all pools with the version of Jackson; the per-CPU pools come first. */
    List<String> NAMES = Stream.concat(Parsing3.POOLS.stream().map(name -> name + "3"),
            Parsing2.POOLS.stream().map(name -> name + "2")).toList();

    /**
     * Parses a document.
     *
     * @param document the document
     * @return a sum over its tokens
     */
    long parse(byte[] document);

    /** {@return the number of recyclers that were created, if they are counted} */
    long created();

    /**
     * Creates a pool and a parser.
     *
     * @param name one of {@link #NAMES}
     * @param counting whether recyclers are counted, which costs time
     * @return the parser
     */
    static Parsing of(String name, boolean counting) {
        String pool = name.substring(0, name.length() - 1);
        return name.endsWith("2") ? new Parsing2(pool, counting) : new Parsing3(pool, counting);
    }

    /**
     * Returns a document of one or more records of some 70 bytes.
     *
     * @param bytes the least size of the document
     * @return the document
     */
    static byte[] document(int bytes) {
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i == 0 || text.length() < bytes; i++) {
            text.append(i == 0 ? "" : ",").append("{\"id\":").append(123_456 + i).append(",\"name\":\"caf\u00e9 no. ")
                    .append(i).append("\",\"price\":12.5,\"tags\":[\"xyzzy\",null]}");
        }
        return text.append(']').toString().getBytes(StandardCharsets.UTF_8);
    }
}
