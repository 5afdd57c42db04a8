package io.github.rseq4j.kernel;

/**
 * The layout of {@code struct rseq}, one per thread, registered with the kernel ({@code include/uapi/linux/rseq.h},
 * Linux 4.18; {@code node_id} and {@code mm_cid} since 6.3).
 *
 * <pre>
 *   0  u32 cpu_id_start   a valid index at all times; other libraries may overwrite it, so never index by it
 *   4  u32 cpu_id         the CPU; -1 not registered yet, -2 registration failed or switched off
 *   8  u64 rseq_cs        address of the active struct rseq_cs or 0; the kernel clears it lazily
 *  16  u32 flags
 *  20  u32 node_id        NUMA node             (feature size 28 and more)
 *  24  u32 mm_cid         dense concurrency id  (feature size 28 and more)
 *  28  u32 slice_ctrl     time slice extension  (feature size 33 and more)
 * </pre>
 */
public final class RseqArea {
    /** Offset of cpu_id, in bytes. */
    public static final int CPU_ID = 4;
    /** Offset of rseq_cs, in bytes. */
    public static final int RSEQ_CS = 8;
    /** Offset of flags, in bytes. */
    public static final int FLAGS = 16;
    /** Offset of node_id, in bytes. */
    public static final int NODE_ID = 20;
    /** Offset of mm_cid, in bytes. */
    public static final int MM_CID = 24;

    /** The length that every kernel accepts: the original size of the structure. */
    public static final int ORIGINAL_BYTES = 32;
    /** The feature size of a kernel whose auxiliary vector has none: all fields up to flags. */
    public static final int ORIGINAL_FEATURE_BYTES = 20;
    /** The feature size from which node_id and mm_cid are maintained. */
    public static final int MM_CID_FEATURE_BYTES = 28;

    /**
     * rseq(2): RSEQ_FLAG_SLICE_EXT_DEFAULT_ON ({@code linux/rseq.h}, Linux 7.0): the thread may ask for an extension of
     * its time slice, as after {@code prctl(PR_RSEQ_SLICE_EXTENSION)}. A kernel that was built or booted without
     * extensions accepts the flag and ignores it.
     */
    public static final int RSEQ_FLAG_SLICE_EXT_DEFAULT_ON = 2;
    /** In flags, read only: the thread may have its time slice extended ({@code RSEQ_CS_FLAG_SLICE_EXT_AVAILABLE}). */
    public static final int SLICE_EXT_AVAILABLE = 1 << 4;
    /** In flags, read only: extensions are enabled for this thread ({@code RSEQ_CS_FLAG_SLICE_EXT_ENABLED}). */
    public static final int SLICE_EXT_ENABLED = 1 << 5;

    /** The value of cpu_id before the registration. */
    public static final int UNINITIALIZED = -1;
    /** The value of cpu_id after a registration that was refused. */
    public static final int REGISTRATION_FAILED = -2;

    private RseqArea() {}

    /**
     * Returns the mode of a thread ({@code Documentation/userspace-api/rseq.rst}, Linux 7.1), which follows from its
     * registered length. A thread with the original length is in legacy mode, one with a longer length in full mode.
     *
     * @param registeredBytes the length, 0 if the thread is not registered
     * @param featureBytes the number of bytes that the kernel maintains, from its auxiliary vector
     * @return {@code none}, {@code legacy} or {@code full}; a kernel that maintains 32 bytes or less has no full mode
     */
    public static String mode(long registeredBytes, long featureBytes) {
        return registeredBytes == 0 ? "none"
                : featureBytes > ORIGINAL_BYTES && registeredBytes >= featureBytes ? "full" : "legacy";
    }
}
