/** The layout of a trace: the words of a packet and of a record, and the files of a folder. */
package io.github.rseq4j.trace.layout;
