/** Events of native code: functions that record them, and samples of CPU time. */
package io.github.rseq4j.trace.cpu;
