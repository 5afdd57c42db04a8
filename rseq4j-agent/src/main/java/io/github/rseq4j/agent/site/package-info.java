/** The call sites of instrumented methods, and their modes. */
package io.github.rseq4j.agent.site;
