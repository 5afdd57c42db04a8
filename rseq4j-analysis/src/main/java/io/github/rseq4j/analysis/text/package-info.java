/** Makes text from untrusted sources safe for a terminal, a file of JSON, or a page. */
package io.github.rseq4j.analysis.text;
