package io.github.rseq4j.engine;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.percpu.PerCpuCounter;
import java.io.IOException;
import java.util.Objects;

/** A child JVM that starts processes while it counts, and then checks its own registration. */
public final class ProcessesChild {
    private static final int PROCESSES = 20;
    private static final int STATUS = 3;
    private static final int ROUNDS = 1000;

    private ProcessesChild() {}

    /**
     * Runs the child.
     *
     * @param arguments none
     * @throws InterruptedException when it is interrupted
     * @throws IOException when a process cannot be started
     */
    public static void main(String[] arguments) throws InterruptedException, IOException {
        PerCpuCounter counter = new PerCpuCounter();
        NativeEngine engine = (NativeEngine) Engine.get();
        long expected = 0;
        int unharmed = 0;
        for (int i = 0; i < PROCESSES; i++) {
            Process process = new ProcessBuilder("/bin/sh", "-c", "exit " + STATUS).start();
            for (int round = 0; round < ROUNDS; round++) {
                counter.increment();
                expected++;
            }
            unharmed += process.waitFor() == STATUS ? 1 : 0;
        }
        int answer = Linux.rseq(engine.threadPointer() + engine.registration().offsetBytes(),
                engine.registration().registeredBytes(), 0,
                Objects.requireNonNull(Architecture.host()).signature());
        System.out.println("available=" + Rseq.availability().available());
        System.out.println("owner=" + Rseq.availability().owner());
        System.out.println("expected=" + expected);
        System.out.println("counted=" + counter.sum());
        System.out.println("unharmed=" + unharmed + " of " + PROCESSES);
        System.out.println("registration=" + Errno.name(-answer));
    }
}
