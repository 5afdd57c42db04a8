/** Memory with a copy for each index. */
package io.github.rseq4j.memory;
