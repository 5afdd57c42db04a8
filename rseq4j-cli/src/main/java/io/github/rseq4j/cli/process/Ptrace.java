package io.github.rseq4j.cli.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.SystemCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * ptrace(2), wait4(2) and process_vm_readv(2): the threads and the memory of another process. All calls for one traced
 * thread come from one platform thread, the tracer. When the tracer ends, the kernel detaches its traced threads.
 */
public final class Ptrace {
    /** The event of a requested stop, and of a group-stop ({@code linux/ptrace.h}, Linux 3.1). */
    public static final int PTRACE_EVENT_STOP = 128;
    /** An error that only the kernel uses: restart the call unless a handler runs. */
    public static final int ERESTARTNOHAND = 514;

    private static final int PTRACE_POKEUSER = 6;
    private static final int PTRACE_DETACH = 17;
    private static final int PTRACE_GETREGSET = 0x4204;
    private static final int PTRACE_SEIZE = 0x4206;
    private static final int PTRACE_INTERRUPT = 0x4207;
    /** {@code linux/ptrace.h}, Linux 5.13. */
    private static final int PTRACE_GET_RSEQ_CONFIGURATION = 0x420f;
    private static final int WNOHANG = 1;
    private static final int __WALL = 0x4000_0000;

    /** struct ptrace_rseq_configuration: u64 pointer, u32 size, signature, flags, pad. */
    private static final int CONFIGURATION_BYTES = 24;
    private static final int CONFIGURATION_SIZE = 8;
    private static final int CONFIGURATION_SIGNATURE = 12;
    private static final int CONFIGURATION_FLAGS = 16;
    /** struct iovec: an address and a length. */
    private static final int IOVEC_BYTES = 16;
    private static final int IOVEC_LENGTH = 8;

    private Ptrace() {}

    /**
     * The registration of a thread.
     *
     * @param area the address of the area, 0 if the thread is not registered
     * @param sizeBytes the registered length
     * @param signature the signature
     * @param flags the flags
     */
    public record RseqConfiguration(long area, int sizeBytes, int signature, int flags) {}

    /**
     * The answer of wait4(2).
     *
     * @param tid the thread, 0 if it has not stopped yet, or -errno
     * @param status the status in the format of {@code sys/wait.h}
     */
    public record Waited(int tid, int status) {
        /** Tells whether the thread has stopped (WIFSTOPPED); otherwise it has ended. */
        public boolean isStopped() {
            return (status & 0xff) == 0x7f;
        }

        /** Returns the signal of the stop (WSTOPSIG). */
        public int signal() {
            return status >>> 8 & 0xff;
        }

        /** Returns the PTRACE_EVENT of the stop, 0 if a signal is about to be delivered. */
        public int event() {
            return status >>> 16;
        }
    }

    private static long ptrace(int request, int tid, long address, long data) {
        return SystemCall.PTRACE.call(request, tid, address, data);
    }

    /**
     * PTRACE_SEIZE: becomes the tracer of a thread without stopping it.
     *
     * @param tid the thread
     * @return 0 or -errno
     */
    public static int seize(int tid) {
        return (int) ptrace(PTRACE_SEIZE, tid, 0, 0);
    }

    /**
     * PTRACE_INTERRUPT: asks a seized thread to stop.
     *
     * @param tid the thread
     * @return 0 or -errno
     */
    public static int interrupt(int tid) {
        return (int) ptrace(PTRACE_INTERRUPT, tid, 0, 0);
    }

    /**
     * PTRACE_DETACH: continues a stopped thread and ends tracing it. A thread in a group-stop stays stopped.
     *
     * @param tid the thread
     * @param signal the signal that was about to be delivered, 0 for none
     * @return 0 or -errno
     */
    public static int detach(int tid, int signal) {
        return (int) ptrace(PTRACE_DETACH, tid, 0, signal);
    }

    /**
     * PTRACE_POKEUSER: writes a register of a stopped thread.
     *
     * @param tid the thread
     * @param register the index of the register, in words
     * @param value the value
     * @return 0 or -errno
     */
    public static int pokeuser(int tid, int register, long value) {
        return (int) ptrace(PTRACE_POKEUSER, tid, (long) register * Long.BYTES, value);
    }

    /**
     * PTRACE_GETREGSET: reads registers of a stopped thread.
     *
     * @param tid the thread
     * @param set the register set
     * @param words the number of words of 8 bytes to read
     * @return the words that the kernel returned: fewer for a thread that runs 32-bit code
     * @throws KernelException if the kernel refuses
     */
    public static long[] getregset(int tid, int set, int words) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment registers = arena.allocate((long) words * Long.BYTES, Long.BYTES);
            MemorySegment iovec = iovec(arena, registers.address(), registers.byteSize());
            long result = ptrace(PTRACE_GETREGSET, tid, set, iovec.address());
            // Read before the check: so a call for a wrong thread loads all classes, and no stopped thread waits.
            long given = iovec.get(JAVA_LONG, IOVEC_LENGTH) / Long.BYTES;
            long[] read = registers.asSlice(0, given * Long.BYTES).toArray(JAVA_LONG);
            Errno.check("ptrace(PTRACE_GETREGSET, tid=" + tid + ")", result);
            return read;
        }
    }

    /**
     * PTRACE_GET_RSEQ_CONFIGURATION: reads a stopped thread's registration.
     *
     * @param tid the thread
     * @return its registration
     * @throws KernelException if the kernel refuses: EIO before Linux 5.13 and on a kernel without rseq
     */
    public static RseqConfiguration get_rseq_configuration(int tid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(CONFIGURATION_BYTES, Long.BYTES);
            long result = ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, CONFIGURATION_BYTES, answer.address());
            RseqConfiguration read = new RseqConfiguration(answer.get(JAVA_LONG, 0),
                    answer.get(JAVA_INT, CONFIGURATION_SIZE), answer.get(JAVA_INT, CONFIGURATION_SIGNATURE),
                    answer.get(JAVA_INT, CONFIGURATION_FLAGS));
            Errno.check("ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid=" + tid + ")", result);
            return read;
        }
    }

    /**
     * wait4(2) for a traced thread, of any kind (__WALL) and without waiting (WNOHANG).
     *
     * @param tid the thread
     * @return the answer
     */
    public static Waited wait4(int tid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(JAVA_INT);
            long answer = SystemCall.WAIT4.call(tid, status.address(), __WALL | WNOHANG, 0);
            return new Waited((int) answer, status.get(JAVA_INT, 0));
        }
    }

    /**
     * process_vm_readv(2).
     *
     * @param tid a thread of the process
     * @param address the address of the first byte in the process
     * @param into receives the bytes
     * @return the number of bytes that were read, or -errno
     */
    public static long process_vm_readv(int tid, long address, byte[] into) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment here = arena.allocate(into.length);
            long answer = SystemCall.PROCESS_VM_READV.call(tid,
                    iovec(arena, here.address(), into.length).address(), 1,
                    iovec(arena, address, into.length).address(), 1, 0);
            MemorySegment.copy(here, JAVA_BYTE, 0, into, 0, (int) Math.max(answer, 0));
            return answer;
        }
    }

    private static MemorySegment iovec(Arena arena, long address, long lengthBytes) {
        MemorySegment iovec = arena.allocate(IOVEC_BYTES, Long.BYTES);
        iovec.set(JAVA_LONG, 0, address);
        iovec.set(JAVA_LONG, IOVEC_LENGTH, lengthBytes);
        return iovec;
    }
}
