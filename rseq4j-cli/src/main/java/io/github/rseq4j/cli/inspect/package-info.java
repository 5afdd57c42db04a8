/** The command {@code inspect}. */
package io.github.rseq4j.cli.inspect;
