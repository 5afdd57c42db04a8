/** Memory with a copy for each index, and the protocol with which a thread works on copies of other indices. */
package io.github.rseq4j.memory;
