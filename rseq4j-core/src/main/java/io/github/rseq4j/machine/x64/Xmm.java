package io.github.rseq4j.machine.x64;

import java.util.Locale;

/** The SSE2 registers that sections use, by their number in the encoding. No function has to save one. */
enum Xmm {
    XMM0, XMM1;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
