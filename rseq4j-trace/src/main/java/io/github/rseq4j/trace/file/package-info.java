/** Files of folders that others can write to: no link is followed, and nothing but a regular file is opened. */
package io.github.rseq4j.trace.file;
