package io.github.rseq4j.demo.load;

/**
 * A document of the load.
 *
 * @param name its name, for messages
 * @param bytes its content, which no one changes
 * @param isJson whether it is JSON; the service refuses another one
 */
record Document(String name, byte[] bytes, boolean isJson) {}
