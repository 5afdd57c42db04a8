/** Storms: many threads update one structure while they are disturbed; then the structure is checked. */
package io.github.rseq4j.cli.selftest.storm;
