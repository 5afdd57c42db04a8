/** The page of the demo. */
package io.github.rseq4j.demo.page;
