package io.github.rseq4j.provider;

import static io.github.rseq4j.machine.Routines.Input.constant;
import static io.github.rseq4j.machine.Routines.Input.local;
import static io.github.rseq4j.provider.ProviderStart.A;
import static io.github.rseq4j.provider.ProviderStart.AREA;
import static io.github.rseq4j.provider.ProviderStart.B;
import static io.github.rseq4j.provider.ProviderStart.FEATURE;
import static io.github.rseq4j.provider.ProviderStart.FUNCTION;
import static io.github.rseq4j.provider.ProviderStart.LENGTH;
import static io.github.rseq4j.provider.ProviderStart.LIBC;
import static io.github.rseq4j.provider.ProviderStart.OWN;
import static io.github.rseq4j.provider.ProviderStart.OWNER;
import static io.github.rseq4j.provider.ProviderStart.RESULT;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Routines;

/** Emits the part of the provider image's constructor that finds the registered length of areas. */
final class ProviderLength {
    /* How it works
     *
     * Since Linux 7.1 the length decides how the kernel serves a thread (Documentation/userspace-api/rseq.rst). With
     * the original 32 bytes the kernel writes all fields each time it has interrupted the thread. With the length of
     * its auxiliary vector it writes only changed fields, and ends a process that writes to one of them. The image's
     * own area is registered with that length if it has room and alignment for it. The protocol of 2018 knows only 32
     * bytes: all parties that share an area use that length, and ProviderRoutines falls back to it.
     *
     * Refused: the full length for areas of other parties, whose size is unknown. Refused: checking the version of the
     * kernel; it accepts the length that its auxiliary vector says.
     */
    private final ProviderWords words;
    private final ProviderStart start;
    private final int signature;
    private final Label ownLength;
    private final Label cacheOfTcmalloc;

    ProviderLength(ProviderWords words, ProviderStart start, ProviderRoutines protocol, Architecture architecture) {
        this.words = words;
        this.start = start;
        this.signature = architecture.signature();
        this.ownLength = words.text(protocol.length.name());
        this.cacheOfTcmalloc = words.text("tcmalloc_slabs");
    }

    /** Finds the length of libc's area, by EBUSY, or of the image's own area. Other areas have 32 bytes. */
    void find(Routines r) {
        Label feature = new Label("feature_size_known");
        Label notLibcs = new Label("not_libcs_length");
        Label known = new Label("length_known");
        Label longer = new Label("longer");
        r.set(FEATURE, constant(0));
        r.loadWord(FUNCTION, words.getauxval);
        r.branchIf(FUNCTION, 0, feature);
        r.callTo(FEATURE, FUNCTION, constant(Linux.AT_RSEQ_FEATURE_SIZE));
        r.bind(feature);
        r.branchUnless(OWNER, LIBC, notLibcs);
        r.set(A, local(AREA));
        r.addThreadPointer(A);
        r.systemCall(RESULT, SystemCall.RSEQ, local(A), constant(RseqArea.ORIGINAL_BYTES), constant(0),
                constant(Integer.toUnsignedLong(signature)));
        r.branchIf(RESULT, -Errno.EBUSY, known);
        r.branchUnless(RESULT, 0, longer);
        // libc had not registered after all: undo the registration.
        r.systemCall(RESULT, SystemCall.RSEQ, local(A), constant(RseqArea.ORIGINAL_BYTES),
                constant(Linux.RSEQ_FLAG_UNREGISTER), constant(Integer.toUnsignedLong(signature)));
        r.branch(known);
        r.bind(longer);
        r.set(LENGTH, local(FEATURE));
        r.storeWord(words.length, LENGTH);
        r.branch(known);
        r.bind(notLibcs);
        r.branchUnless(OWNER, OWN, known);
        findOwn(r);
        setOwn(r);
        r.bind(known);
    }

    /**
     * Sets LENGTH for the image's own area: the bytes that the kernel maintains, if the area has room and alignment for
     * them. If another copy of this image defined the area, that copy's length counts. tcmalloc keeps a cache in
     * cpu_id_start, so an area that it might share has the original length.
     */
    private void findOwn(Routines r) {
        Label ours = new Label("length_is_ours");
        Label original = new Label("length_is_original");
        Label found = new Label("own_length_found");
        r.loadWord(A, words.abi);
        r.loadWord(B, words.ownAbi);
        r.branchIfSame(A, B, ours);
        start.ask(r, B, ownLength);
        r.branchIf(B, 0, original);
        r.callTo(LENGTH, B);
        r.branch(found);
        r.bind(ours);
        r.loadWord(FUNCTION, words.getauxval);
        r.branchIf(FUNCTION, 0, original);
        r.callTo(A, FUNCTION, constant(Linux.AT_RSEQ_ALIGN));
        for (int asked : new int[] {A, FEATURE}) {
            r.set(B, constant(words.areaBytes()));
            r.subtract(B, asked);
            r.branchIfNegative(B, original);
        }
        start.ask(r, B, cacheOfTcmalloc);
        r.branchUnless(B, 0, original);
        r.set(LENGTH, local(FEATURE));
        r.branch(found);
        r.bind(original);
        r.set(LENGTH, constant(RseqArea.ORIGINAL_BYTES));
        r.bind(found);
    }

    /**
     * Uses LENGTH for registrations of the image's own area if it is more than the original length and the kernel
     * accepts it on this thread. It tries first with time slice extensions, then without. EINVAL may also mean that
     * another party has registered this thread with the original length; then all threads get the original length.
     */
    private void setOwn(Routines r) {
        Label taken = new Label("length_is_taken");
        Label registered = new Label("length_was_registered");
        Label original = new Label("registers_original");
        r.set(A, local(LENGTH));
        r.add(A, -RseqArea.ORIGINAL_BYTES - 1);
        r.branchIfNegative(A, original);
        r.set(A, local(AREA));
        r.addThreadPointer(A);
        for (int flags : new int[] {RseqArea.RSEQ_FLAG_SLICE_EXT_DEFAULT_ON, 0}) {
            r.set(B, constant(flags));
            rseq(r, B);
            r.branchIf(RESULT, 0, registered);
            r.branchIf(RESULT, -Errno.EBUSY, taken);
        }
        r.branch(original);
        r.bind(registered);
        r.set(FUNCTION, constant(Linux.RSEQ_FLAG_UNREGISTER));
        rseq(r, FUNCTION);
        r.bind(taken);
        r.storeWord(words.rseqFlags, B);
        r.storeWord(words.length, LENGTH);
        r.storeWord(words.rseqSize, LENGTH);
        r.set(B, constant(1));
        r.storeWord(words.isFull, B);
        r.bind(original);
    }

    private void rseq(Routines r, int flags) {
        r.systemCall(RESULT, SystemCall.RSEQ, local(A), local(LENGTH), local(flags),
                constant(Integer.toUnsignedLong(signature)));
    }
}
