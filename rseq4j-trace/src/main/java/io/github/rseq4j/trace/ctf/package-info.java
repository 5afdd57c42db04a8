/** The Common Trace Format 1.8, as far as traces of ours need it: layout, metadata, writer and reader. */
package io.github.rseq4j.trace.ctf;
