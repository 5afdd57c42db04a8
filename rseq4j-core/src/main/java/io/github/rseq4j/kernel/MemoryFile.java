package io.github.rseq4j.kernel;

import io.github.rseq4j.KernelException;

/**
 * A file in memory (memfd_create(2)) that other processes of the same user open by {@code /proc/PID/fd}. It ends with
 * the last process that has it open or mapped. This class calls the libc functions, which are the same on all
 * architectures.
 */
public final class MemoryFile {
    /** memfd_create(2): MFD_ALLOW_SEALING ({@code linux/memfd.h}, Linux 3.17). */
    private static final int MFD_ALLOW_SEALING = 2;
    /** memfd_create(2): MFD_NOEXEC_SEAL ({@code linux/memfd.h}, Linux 6.3), which vm.memfd_noexec may demand. */
    private static final int MFD_NOEXEC_SEAL = 8;
    /** fcntl(2): F_ADD_SEALS ({@code linux/fcntl.h}, Linux 3.17). */
    private static final int F_ADD_SEALS = 1033;
    private static final int F_SEAL_SEAL = 1;
    private static final int F_SEAL_SHRINK = 2;
    private static final int F_SEAL_GROW = 4;
    /** F_SEAL_FUTURE_WRITE ({@code linux/fcntl.h}, Linux 5.1). */
    private static final int F_SEAL_FUTURE_WRITE = 16;
    private static final int OWNER_ALONE = 0600;
    private static final int MAP_SHARED = 1;
    private static final int MAP_NORESERVE = 0x4000;

    private MemoryFile() {}

    /**
     * Makes a sparse file of zeros that its owner alone may open, besides root. It is closed on exec.
     *
     * @param name its name in /proc, after {@code /memfd:}
     * @param bytes the length
     * @return a file descriptor
     * @throws KernelException when the kernel refuses
     */
    public static int create(String name, long bytes) {
        int flags = Linux.MFD_CLOEXEC | MFD_ALLOW_SEALING;
        int fd = Linux.memfd_create(name, flags | MFD_NOEXEC_SEAL);
        if (fd == -Errno.EINVAL) {
            // Linux before 6.3.
            fd = Linux.memfd_create(name, flags);
        }
        Errno.check("memfd_create(" + name + ")", fd);
        boolean isMade = false;
        try {
            Errno.check("fchmod(0600)", Native.call(Native.find("fchmod"), fd, OWNER_ALONE).intOrNegativeErrno());
            Errno.check("ftruncate(length=" + bytes + ")",
                    Native.call(Native.find("ftruncate"), fd, bytes).intOrNegativeErrno());
            isMade = true;
            return fd;
        } finally {
            if (!isMade) {
                Linux.close(fd);
            }
        }
    }

    /**
     * Maps a file for the life of the process, without access: {@link Linux#mprotect} permits access to parts of it.
     * Pages without access are not populated when the process locks its memory (mlockall(2)).
     *
     * @param fd the file
     * @param bytes the length
     * @return the address
     * @throws KernelException when the kernel refuses
     */
    public static long map(int fd, long bytes) {
        long address = Native.call(Native.find("mmap"), 0, bytes, Linux.PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, 0)
                .orNegativeErrno();
        Errno.check("mmap(length=" + bytes + ", MAP_SHARED)", address);
        // Per-CPU data are sparse, so huge pages would be nearly empty. A refusal does no harm.
        Linux.madvise(address, bytes, Linux.MADV_NOHUGEPAGE);
        return address;
    }

    /**
     * Seals a file for good: its length stays, and only mappings that exist write to it. Write(2), new writable
     * mappings and holes are refused to each process, so no other process changes or frees a page. Linux before 5.1
     * seals only the length.
     *
     * @param fd the file
     * @throws KernelException when the kernel refuses
     */
    public static void seal(int fd) {
        int length = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
        int answer = addSeals(fd, length | F_SEAL_FUTURE_WRITE);
        Errno.check("fcntl(F_ADD_SEALS)", answer == -Errno.EINVAL ? addSeals(fd, length) : answer);
    }

    private static int addSeals(int fd, int seals) {
        return Native.call(Native.find("fcntl"), fd, F_ADD_SEALS, seals).intOrNegativeErrno();
    }
}
