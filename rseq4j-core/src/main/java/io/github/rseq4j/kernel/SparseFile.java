package io.github.rseq4j.kernel;

import java.lang.foreign.Arena;

/** Finds the data of a sparse file, which the JDK's file channels cannot. */
public final class SparseFile {
    /** lseek(2): SEEK_DATA ({@code linux/fs.h}, Linux 3.1). */
    private static final int SEEK_DATA = 3;
    /** errno: there is no data at the offset or after it ({@code asm-generic/errno-base.h}). */
    private static final int ENXIO = 6;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x8_0000;

    private SparseFile() {}

    /**
     * Returns the offset of the next data of a file. The bytes before it, from the given offset, are a hole and read as
     * zeros.
     *
     * @param path the file
     * @param offset the offset from which to search, in bytes
     * @return the offset of data, at least the given one; the given one if the system cannot tell; {@code
     *     Long.MAX_VALUE} if there are no more data
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
