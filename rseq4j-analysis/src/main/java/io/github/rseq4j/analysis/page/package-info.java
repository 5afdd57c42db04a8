/** Parts of the report page. */
package io.github.rseq4j.analysis.page;
