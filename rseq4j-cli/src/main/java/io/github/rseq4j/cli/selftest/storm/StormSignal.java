package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.SignalHandler;
import io.github.rseq4j.kernel.Signals;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.MachineCode;
import java.util.List;

/** A signal whose handler is emitted code that counts and returns, so that any thread can handle it at any time. */
public final class StormSignal implements AutoCloseable {
    /** A real-time signal that neither libc (32, 33) nor the JVM uses; SIGRTMIN + 10 of glibc. */
    private static final int SIGNAL = 44;

    private final SignalHandler installed;
    private final long counter;

    /**
     * Installs the handler.
     *
     * @param engine emits the handler
     */
    public StormSignal(NativeEngine engine) {
        Label hits = new Label("hits");
        Assembled routine = engine.compiler().routine("count_signal", engine.target(), List.of(hits), assembler -> {
            assembler.increment(hits);
            assembler.leave(Operand.imm(0));
        });
        MachineCode handler = engine.code().install(List.of(routine)).getFirst();
        this.counter = handler.dataAddress();
        this.installed = new SignalHandler(SIGNAL, handler.entry());
        installed.install();
    }

    /** Returns the number of runs of the handler. */
    public long hits() {
        return RawMemory.getLong(counter);
    }

    /**
     * Sends the signal to one thread. Nothing happens if the thread has ended.
     *
     * @param tid the thread
     */
    public void send(int tid) {
        Signals.tgkill(tid, SIGNAL);
    }

    /**
     * Restores the former action of the signal. The signal must not be sent any more. Pending signals of threads that
     * have not run since are discarded first, because the former action usually ends the process.
     */
    @Override
    public void close() {
        installed.close();
    }
}
