/** Events from native code: the functions that record them, and the samples of CPU time. */
package io.github.rseq4j.trace.cpu;
