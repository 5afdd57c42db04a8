package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.rseq4j.KernelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * System V shared memory (shmget(2), shmat(2), shmctl(2)): memory that has a number, outlives the process that made it,
 * cannot be truncated while it is mapped, and needs no room in a file system. This class calls the libc functions,
 * which are the same on all architectures.
 */
public final class SharedMemory {
    private static final int IPC_PRIVATE = 0;
    private static final int IPC_CREAT = 01000;
    private static final int OWNER_ALONE = 0600;
    private static final int IPC_RMID = 0;
    private static final int IPC_STAT = 2;
    private static final int SHM_RDONLY = 010000;
    /**
     * madvise(2): MADV_POPULATE_WRITE ({@code asm-generic/mman-common.h}, Linux 5.14): populates, or returns the reason
     * why not.
     */
    private static final int MADV_POPULATE_WRITE = 23;
    private static final int PAGE_BYTES = 1 << 12;
    /** struct shmid_ds of glibc and musl, which is the kernel's ({@code asm-generic/shmbuf.h}). */
    private static final int SHMID_DS_BYTES = 256;
    private static final int UID_AT = 4;
    private static final int CUID_AT = 12;
    private static final int BYTES_AT = 48;
    private static final int ATTACHED_AT = 88;
    private static final Path REMOVED_WITH_PROCESS = Path.of("/proc/sys/kernel/shm_rmid_forced");

    private SharedMemory() {}

    /**
     * The kernel's description of a segment.
     *
     * @param uid the user that owns it
     * @param creator the user that created it
     * @param bytes the length
     * @param attached the number of attachments in all processes
     */
    public record Status(int uid, int creator, long bytes, long attached) {}

    /** Returns the calling process's effective user. */
    public static int user() {
        return (int) Native.call(Native.find("geteuid")).value();
    }

    /** Tells whether the kernel frees a segment with the last process that has it attached (kernel.shm_rmid_forced). */
    public static boolean endsWithProcess() {
        try {
            return Files.readString(REMOVED_WITH_PROCESS).startsWith("1");
        } catch (IOException _) {
            return false;
        }
    }

    /**
     * Makes a segment of zeros that the calling user alone may attach.
     *
     * @param bytes the length
     * @return its number or -errno
     */
    public static int create(long bytes) {
        return Native.call(Native.find("shmget"), IPC_PRIVATE, bytes, IPC_CREAT | OWNER_ALONE).intOrNegativeErrno();
    }

    /**
     * Removes a segment: no process can attach it any more, and it is freed when no process has it attached.
     *
     * @param id its number
     * @return 0 or -errno
     */
    public static int remove(int id) {
        return Native.call(Native.find("shmctl"), id, IPC_RMID, 0).intOrNegativeErrno();
    }

    /**
     * Returns the kernel's description of a segment, or null if no segment has that number.
     *
     * @param id its number
     * @throws KernelException when the kernel refuses the description
     */
    public static @Nullable Status status(int id) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(SHMID_DS_BYTES, Long.BYTES);
            int answer = Native.call(Native.find("shmctl"), id, IPC_STAT, status.address()).intOrNegativeErrno();
            if (answer == -Errno.EINVAL || answer == -Errno.EIDRM) {
                return null;
            }
            Errno.check("shmctl(id=" + id + ", IPC_STAT)", answer);
            return new Status(status.get(JAVA_INT, UID_AT), status.get(JAVA_INT, CUID_AT),
                    status.get(JAVA_LONG, BYTES_AT), status.get(JAVA_LONG, ATTACHED_AT));
        }
    }

    /**
     * Attaches a segment, until an arena is closed.
     *
     * @param id its number
     * @param bytes the length
     * @param isReadOnly whether to attach it for reading only
     * @param arena the arena
     * @throws KernelException when the kernel refuses
     */
    public static MemorySegment attach(int id, long bytes, boolean isReadOnly, Arena arena) {
        long address = Errno.check("shmat(id=" + id + ")",
                Native.call(Native.find("shmat"), id, 0, isReadOnly ? SHM_RDONLY : 0).orNegativeErrno());
        MemorySegment attached = Native.memory(address, bytes, arena,
                () -> Native.call(Native.find("shmdt"), address));
        return isReadOnly ? attached.asReadOnly() : attached;
    }

    /**
     * Maps private memory of zeros, until an arena is closed.
     *
     * @param bytes the length
     * @param arena the arena
     * @throws KernelException when the kernel refuses
     */
    public static MemorySegment ofProcess(long bytes, Arena arena) {
        long address = Errno.check("mmap(length=" + bytes + ")",
                Linux.mmap(bytes, Linux.PROT_READ | Linux.PROT_WRITE));
        return Native.memory(address, bytes, arena, () -> Linux.munmap(address, bytes));
    }

    /**
     * Populates memory that has not been written yet. If no memory is left, this call fails; without it, the first
     * thread that wrote to the memory would get a signal.
     *
     * @param memory whole pages
     * @throws KernelException when there is not enough memory
     */
    public static void populate(MemorySegment memory) {
        int result = (int) Linux.madvise(memory.address(), memory.byteSize(), MADV_POPULATE_WRITE);
        if (result == -Errno.EINVAL) {
            // Linux before 5.14.
            for (long at = 0; at < memory.byteSize(); at += PAGE_BYTES) {
                memory.set(JAVA_BYTE, at, (byte) 0);
            }
        } else {
            Errno.check("madvise(MADV_POPULATE_WRITE, length=" + memory.byteSize() + ")", result);
        }
    }
}
