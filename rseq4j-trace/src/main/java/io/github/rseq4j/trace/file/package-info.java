/** Files of folders that other users can write to: no link is followed, and only regular files are opened. */
package io.github.rseq4j.trace.file;
