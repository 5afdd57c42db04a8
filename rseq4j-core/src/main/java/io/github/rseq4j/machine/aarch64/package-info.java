/** The encoder of the 64-bit Arm architecture: the one place that knows its instructions. */
package io.github.rseq4j.machine.aarch64;
