/** The language of sections: steps, operands, chains, and the rules that they keep. */
package io.github.rseq4j.ir;
