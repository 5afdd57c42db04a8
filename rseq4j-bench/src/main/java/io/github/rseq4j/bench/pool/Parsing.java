package io.github.rseq4j.bench.pool;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** Parsing with one version of Jackson and one pool of recyclers. */
public sealed interface Parsing permits Parsing2, Parsing3 {
    /** Every version with each of its pools, and ours first. */
    List<String> NAMES = Stream.concat(Parsing3.POOLS.stream().map(name -> name + "3"),
            Parsing2.POOLS.stream().map(name -> name + "2")).toList();

    /** Parses a document, token by token. */
    long parse(byte[] document);

    /** Returns how many recyclers were made, where they are counted. */
    long created();

    /**
     * Makes a pool, and what parses with it.
     *
     * @param name one of {@link #NAMES}
     * @param counting whether recyclers are counted, which costs time
     */
    static Parsing of(String name, boolean counting) {
        String pool = name.substring(0, name.length() - 1);
        return name.endsWith("2") ? new Parsing2(pool, counting) : new Parsing3(pool, counting);
    }

    /** Returns a document of records, of a size, or one record more: 70 bytes are one. */
    static byte[] document(int bytes) {
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i == 0 || text.length() < bytes; i++) {
            text.append(i == 0 ? "" : ",").append("{\"id\":").append(123_456 + i).append(",\"name\":\"caf\u00e9 no. ")
                    .append(i).append("\",\"price\":12.5,\"tags\":[\"xyzzy\",null]}");
        }
        return text.append(']').toString().getBytes(StandardCharsets.UTF_8);
    }
}
