package io.github.rseq4j.kernel;

import java.lang.foreign.Arena;

/** Finds the parts of a file that were ever written, which the JDK's file channels cannot. */
public final class SparseFile {
    /** lseek(2): SEEK_DATA ({@code linux/fs.h}, Linux 3.1). */
    private static final int SEEK_DATA = 3;
    /** errno: there is no data at the offset or after it ({@code asm-generic/errno-base.h}). */
    private static final int ENXIO = 6;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x8_0000;

    private SparseFile() {}

    /**
     * Returns where the next data of a file lie. The bytes in between are a hole, and read as zeros.
     *
     * @param path the file
     * @param offset from where on, in bytes
     * @return the offset of data, at least the one that was given; that one where the system does not tell;
     *     {@code Long.MAX_VALUE} when there are no more
     */
    public static long data(String path, long offset) {
        if (!Linux.isCallable()) {
            return offset;
        }
        try (Arena arena = Arena.ofConfined()) {
            int fd = Native.call(Native.find("open"), arena.allocateFrom(path).address(), O_NONBLOCK | O_CLOEXEC)
                    .intOrNegativeErrno();
            if (fd < 0) {
                return offset;
            }
            try {
                long found = Native.call(Native.find("lseek"), fd, offset, SEEK_DATA).orNegativeErrno();
                return found == -ENXIO ? Long.MAX_VALUE : Math.max(found, offset);
            } finally {
                Linux.close(fd);
            }
        }
    }
}
