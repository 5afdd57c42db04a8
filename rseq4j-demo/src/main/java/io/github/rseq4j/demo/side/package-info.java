/** The parts that the demo compares: metrics, pools of recyclers and recorders of events. */
package io.github.rseq4j.demo.side;
