/** Sections: stacks by the standard ones, and sections of users. */
@NullMarked
package io.github.rseq4j.bench.section;

import org.jspecify.annotations.NullMarked;
