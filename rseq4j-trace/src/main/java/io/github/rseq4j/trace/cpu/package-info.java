/** What native code records: functions for it, and samples of CPU time. */
package io.github.rseq4j.trace.cpu;
