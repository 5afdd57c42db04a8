/** The lowering to AMD64. Only this package knows its instructions. */
package io.github.rseq4j.machine.x64;
