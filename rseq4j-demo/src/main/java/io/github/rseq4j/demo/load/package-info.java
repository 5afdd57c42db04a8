/** The load: the documents that it sends, and its clients. */
package io.github.rseq4j.demo.load;
