/** The command {@code demo}. */
package io.github.rseq4j.cli.demo;
