/** The lowering to the 64-bit Arm architecture. Only this package knows its instructions. */
package io.github.rseq4j.machine.aarch64;
