/** Storms: many threads work on one structure while they are disturbed, and in the end nothing may be lost. */
package io.github.rseq4j.cli.selftest.storm;
