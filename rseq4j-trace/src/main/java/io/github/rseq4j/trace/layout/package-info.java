/** Where the bytes of a trace lie: the words of a packet and of a record, and the files of a folder. */
package io.github.rseq4j.trace.layout;
