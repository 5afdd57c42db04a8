/** Text that others chose, on its way to a terminal, a file of JSON or a page. */
package io.github.rseq4j.analysis.text;
