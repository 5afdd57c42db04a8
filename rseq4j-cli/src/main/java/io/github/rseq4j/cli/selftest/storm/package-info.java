/**
 * Storms: many threads update one structure while signals, fences, migrations and delays disturb them. Then the
 * structure is checked.
 */
package io.github.rseq4j.cli.selftest.storm;
