/** The command: the services' processes, the turns, the check of totals, the table and the page. */
package io.github.rseq4j.demo;
