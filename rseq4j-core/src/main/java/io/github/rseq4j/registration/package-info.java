/** Who owns the threads' rseq areas. */
package io.github.rseq4j.registration;
