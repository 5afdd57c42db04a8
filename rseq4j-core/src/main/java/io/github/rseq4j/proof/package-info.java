/** What shows that a section bears an abort: simulated at every step, and done by the kernel at every instruction. */
package io.github.rseq4j.proof;
