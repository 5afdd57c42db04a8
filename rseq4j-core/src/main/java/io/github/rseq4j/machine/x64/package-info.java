/** The encoder of AMD64: the one place that knows its instructions. */
package io.github.rseq4j.machine.x64;
