/** Traces as tables: a database in a temporary folder, its schema, ready queries, and the printing of results. */
package io.github.rseq4j.cli.sql;
