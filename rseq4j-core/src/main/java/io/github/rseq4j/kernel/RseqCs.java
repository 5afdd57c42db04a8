package io.github.rseq4j.kernel;

/**
 * The layout of {@code struct rseq_cs}, the descriptor of one critical section ({@code include/uapi/linux/rseq.h},
 * Linux 4.18). It is 32-byte aligned and is never changed or unmapped once a thread may have stored its address.
 *
 * <pre>
 *   0  u32 version              0
 *   4  u32 flags                0
 *   8  u64 start_ip             address of the first instruction inside
 *  16  u64 post_commit_offset   bytes from start_ip to the first instruction after the commit
 *  24  u64 abort_ip             where the kernel continues; the 4 bytes before it hold the signature
 * </pre>
 */
public final class RseqCs {
    /** Offset of version, in bytes. */
    public static final int VERSION = 0;
    /** Offset of flags, in bytes. */
    public static final int FLAGS = 4;
    /** Offset of start_ip, in bytes. */
    public static final int START_IP = 8;
    /** Offset of post_commit_offset, in bytes. */
    public static final int POST_COMMIT_OFFSET = 16;
    /** Offset of abort_ip, in bytes. */
    public static final int ABORT_IP = 24;
    /** Size and alignment, in bytes. */
    public static final int BYTES = 32;

    private RseqCs() {}
}
