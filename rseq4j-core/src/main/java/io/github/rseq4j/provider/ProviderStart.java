package io.github.rseq4j.provider;

import static io.github.rseq4j.machine.Routines.Input.addressOf;
import static io.github.rseq4j.machine.Routines.Input.constant;
import static io.github.rseq4j.machine.Routines.Input.local;

import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Routines;
import java.util.List;

/** Emits the provider image's constructor, and its functions that create threads. */
public final class ProviderStart {
    /* How it works
     *
     * The constructor takes the first of these areas:
     *
     * 1. libc's, if libc says that it registered.
     * 2. librseq's, if a librseq has been set up that did not find this image's symbols.
     * 3. Another library's, if the dynamic linker bound __rseq_abi to that library's definition.
     * 4. The image's own. If the loading thread already has another area, the image registers no thread.
     *
     * Refused: glibc's area where glibc was told not to register. No other library would know of the registration:
     * __rseq_size stays 0, and libraries that share __rseq_abi would register that one and get EINVAL.
     *
     * A thread is created with a start routine of the image. It registers the thread and then jumps to the requested
     * start routine, so that the image has no frame on the thread's stack. Where libc reclaims a thread's memory before
     * the thread is gone, the start routine also arms a destructor.
     */
    static final int NONE = 0;
    public static final int LIBC = 1;
    public static final int FOREIGN = 2;
    public static final int OWN = 3;

    private static final int EAGAIN = 11;
    private static final int THRD_ERROR = 2;
    private static final int AFFINITY_BYTES = 1024;
    private static final long RTLD_NEXT = -1;
    private static final long RTLD_DEFAULT = 0;

    static final int RESULT = 4;
    static final int A = 5;
    static final int B = 6;
    static final int AREA = 7;
    static final int OWNER = 8;
    static final int LENGTH = 9;
    static final int FEATURE = 10;
    static final int FUNCTION = 11;
    private static final int LOCALS = 12;
    private static final int MASK = LOCALS;
    /** Two {@code Dl_info} (dlfcn.h) of 4 words each; the second word is the object's address. */
    private static final int DEFINER = LOCALS;
    private static final int COPY = LOCALS + 4;
    private static final int INFO_BASE = 1;

    final Label constructor = new Label("rseq4j_constructor");
    /** The constructor of the second image, which is loaded after this one. */
    final Label follow = new Label("rseq4j_follow");
    final Label tell = new Label("rseq4j_tell");
    final Label startThread = new Label("rseq4j_start_thread");
    final Label pthreadCreate = new Label("pthread_create");
    final Label thrdCreate = new Label("thrd_create");

    private final ProviderWords words;
    private final ProviderRoutines protocol;
    private final Label libcVersion;
    private final Label ownName;
    private final Label tellName;
    private final ProviderLength length;
    private int errors;

    ProviderStart(ProviderWords words, ProviderRoutines protocol, Architecture architecture) {
        this.words = words;
        this.protocol = protocol;
        this.libcVersion = words.text("GLIBC_2.35");
        this.ownName = words.text(protocol.owner.name());
        this.tellName = words.text(tell.name());
        this.length = new ProviderLength(words, this, protocol, architecture);
    }

    /** Emits the constructor of the second image, which copies the values of glibc's symbols from this image. */
    void writeNext(Routines r) {
        Label alone = new Label("alone");
        r.enter(follow, 0, LOCALS);
        ask(r, OWNER, tellName);
        r.branchIf(OWNER, 0, alone);
        r.address(A, words.rseqOffset);
        r.address(B, words.rseqSize);
        r.address(AREA, words.rseqFlags);
        r.callTo(RESULT, OWNER, local(A), local(B), local(AREA));
        r.bind(alone);
        r.leave(RESULT);
    }

    void write(Routines r) {
        constructor(r);
        tell(r);
        startThread(r);
        createThread(r, pthreadCreate, 4, EAGAIN);
        createThread(r, thrdCreate, 3, THRD_ERROR);
    }

    private void constructor(Routines r) {
        Label joined = new Label("constructed");
        r.enter(constructor, 0, LOCALS + AFFINITY_BYTES / Long.BYTES);
        r.loadWord(A, words.constructed);
        r.branchUnless(A, 0, joined);
        r.set(A, constant(1));
        r.storeWord(words.constructed, A);
        findArea(r);
        length.find(r);
        findIndex(r);
        findLimit(r);
        findLifetime(r);
        // The initial thread's memory lasts as long as the process.
        arm(r);
        r.call(RESULT, protocol.join);
        r.branchIf(RESULT, 0, joined);
        r.branchIf(OWNER, LIBC, joined);
        // As in glibc: later readers find no registration, and cpu_id has the reason.
        r.set(A, constant(0));
        r.storeWord(words.rseqSize, A);
        r.branchUnless(OWNER, OWN, joined);
        giveUpIfTaken(r);
        r.addThreadPointer(AREA);
        r.set(A, constant(RseqArea.REGISTRATION_FAILED));
        r.store(AREA, RseqArea.CPU_ID, A, Width.INT);
        r.bind(joined);
        r.leave(RESULT);
    }

    private void findArea(Routines r) {
        Label noLibc = new Label("no_libc_area");
        Label flagless = new Label("libc_has_no_flags");
        Label found = new Label("area_found");
        Label libcOffset = words.text("__rseq_offset");
        Label libcSize = words.text("__rseq_size");
        Label libcFlags = words.text("__rseq_flags");
        askLibc(r, A, libcSize);
        r.branchIf(A, 0, noLibc);
        r.load(B, A, 0, Width.INT);
        r.branchIf(B, 0, noLibc);
        askLibc(r, A, libcOffset);
        r.branchIf(A, 0, noLibc);
        r.storeWord(words.rseqSize, B);
        r.load(AREA, A, 0, Width.LONG);
        r.storeWord(words.rseqOffset, AREA);
        askLibc(r, A, libcFlags);
        r.set(B, constant(0));
        r.branchIf(A, 0, flagless);
        r.load(B, A, 0, Width.INT);
        r.bind(flagless);
        r.storeWord(words.rseqFlags, B);
        r.loadWord(A, words.libcRefcount);
        r.storeWord(words.count, A);
        r.set(OWNER, constant(LIBC));
        r.branch(found);

        r.bind(noLibc);
        r.loadWord(AREA, words.abi);
        askLibrseq(r, found);
        r.loadWord(B, words.ownAbi);
        r.set(OWNER, constant(OWN));
        r.branchIfSame(AREA, B, found);
        askFirstCopy(r, found);
        foreign(r);
        r.bind(found);
        r.storeWord(words.target.area(), AREA);
        r.storeWord(words.owner, OWNER);
    }

    /**
     * Emits {@code void tell(long *offset, long *size, long *flags)}, which returns the values of glibc's three symbols
     * to the second image. The second image's constructor runs first, so this function runs the first image's.
     */
    private void tell(Routines r) {
        r.enter(tell, 3, LOCALS);
        r.call(RESULT, constructor);
        List<Label> told = List.of(words.rseqOffset, words.rseqSize, words.rseqFlags);
        for (int i = 0; i < told.size(); i++) {
            r.loadWord(A, told.get(i));
            r.store(i, 0, A, Width.LONG);
        }
        r.leave(RESULT);
    }

    /** Gives up if the thread has another party's area that is not shared: its threads are left to that party. */
    private void giveUpIfTaken(Routines r) {
        Label free = new Label("not_taken");
        r.branchUnless(RESULT, -Errno.EINVAL, free);
        r.set(A, constant(NONE));
        r.storeWord(words.owner, A);
        r.storeWord(words.isCounted, A);
        r.bind(free);
    }

    /**
     * Uses librseq's area. Since 2022 librseq has an area of its own, which only rseq_offset names, if it found no
     * other party that registers. It ends the process if another party has registered a thread, so the image uses the
     * area and registers no thread. Before librseq's constructor has run, rseq_size is -1, and librseq may still find
     * the symbols of this image.
     */
    private void askLibrseq(Routines r, Label found) {
        Label none = new Label("no_librseq");
        for (Label name : List.of(words.librseqRegisters, words.librseqSize, words.librseqOffset)) {
            ask(r, B, name);
            r.branchIf(B, 0, none);
            if (name == words.librseqSize) {
                r.load(B, B, 0, Width.INT);
                r.branchIf(B, -1, none);
            }
        }
        r.load(B, B, 0, Width.LONG);
        r.branchIfSame(AREA, B, none);
        r.set(AREA, local(B));
        r.set(OWNER, constant(FOREIGN));
        r.set(RESULT, constant(0));
        r.storeWord(words.isCounted, RESULT);
        r.branch(found);
        r.bind(none);
    }

    /** Uses another library's area, which is counted if that library also defines the count. */
    private void foreign(Routines r) {
        Label counted = new Label("foreign_counts");
        Label told = new Label("foreign_told");
        r.set(OWNER, constant(FOREIGN));
        r.loadWord(A, words.refcount);
        r.storeWord(words.count, A);
        r.loadWord(B, words.ownRefcount);
        r.set(RESULT, constant(1));
        r.branchIfSame(A, B, counted);
        r.branch(told);
        r.bind(counted);
        r.set(RESULT, constant(0));
        r.storeWord(words.isCounted, RESULT);
        r.bind(told);
    }

    /**
     * Asks another copy of this image, for example one that a JVM wrote to its memory. If that copy owns the area, this
     * copy owns it too. A copy whose constructor has not run, such as this one, answers 0.
     */
    private void askFirstCopy(Routines r, Label own) {
        Label asked = new Label("first_copy_asked");
        ask(r, A, ownName);
        r.branchIf(A, 0, asked);
        r.callTo(RESULT, A);
        r.branchIf(RESULT, OWN, own);
        r.bind(asked);
    }

    /**
     * Looks up libc's definition of a name that this image also defines: glibc's version of it, and otherwise the next
     * definition in the search order. The next definition alone is not enough, because glibc's are in the dynamic
     * linker, which comes before this image if the program lists it among its libraries. A definition in another copy
     * of this image is not libc's.
     */
    private void askLibc(Routines r, int to, Label name) {
        Label next = new Label("next_" + name.name());
        Label asked = new Label("asked_" + name.name());
        r.set(to, constant(0));
        r.address(LENGTH, name);
        r.loadWord(FUNCTION, words.dlvsym);
        r.branchIf(FUNCTION, 0, next);
        r.address(FEATURE, libcVersion);
        r.callTo(to, FUNCTION, constant(RTLD_DEFAULT), local(LENGTH), local(FEATURE));
        r.branchUnless(to, 0, asked);
        r.bind(next);
        r.loadWord(FUNCTION, words.dlsym);
        r.branchIf(FUNCTION, 0, asked);
        r.callTo(to, FUNCTION, constant(RTLD_NEXT), local(LENGTH));
        r.branchIf(to, 0, asked);
        r.loadWord(FUNCTION, words.dlsym);
        forgetIfCopys(r, to, name);
        r.bind(asked);
        forgetError(r);
    }

    /** Sets a definition to 0 if it lies in the next copy of this image. */
    private void forgetIfCopys(Routines r, int definition, Label name) {
        Label copys = new Label("copys_" + name.name());
        Label libcs = new Label("libcs_" + name.name());
        r.address(LENGTH, ownName);
        r.callTo(FEATURE, FUNCTION, constant(RTLD_NEXT), local(LENGTH));
        r.branchIf(FEATURE, 0, libcs);
        r.loadWord(FUNCTION, words.dladdr);
        r.branchIf(FUNCTION, 0, libcs);
        r.callTo(RESULT, FUNCTION, local(definition), addressOf(DEFINER));
        r.callTo(RESULT, FUNCTION, local(FEATURE), addressOf(COPY));
        r.branchIfSame(DEFINER + INFO_BASE, COPY + INFO_BASE, copys);
        r.branch(libcs);
        r.bind(copys);
        r.set(definition, constant(0));
        r.bind(libcs);
    }

    /** Looks up the first definition of a name. */
    void ask(Routines r, int to, Label name) {
        Label asked = new Label("asked_all_for_" + name.name());
        r.set(to, constant(0));
        r.loadWord(FUNCTION, words.dlsym);
        r.branchIf(FUNCTION, 0, asked);
        r.address(LENGTH, name);
        r.callTo(to, FUNCTION, constant(RTLD_DEFAULT), local(LENGTH));
        r.bind(asked);
        forgetError(r);
    }

    /** Clears the message of dlerror(3) that a failed look-up leaves, because the program did not make the look-up. */
    private void forgetError(Routines r) {
        Label none = new Label("no_dlerror_" + errors++);
        r.loadWord(FUNCTION, words.dlerror);
        r.branchIf(FUNCTION, 0, none);
        r.callTo(RESULT, FUNCTION);
        r.bind(none);
    }

    /** The index is mm_cid where the kernel maintains it, else cpu_id. */
    private void findIndex(Routines r) {
        Label without = new Label("without_mm_cid");
        Label set = new Label("index_set");
        r.set(A, local(FEATURE));
        r.add(A, -RseqArea.MM_CID_FEATURE_BYTES);
        r.branchIfNegative(A, without);
        r.set(B, local(AREA));
        r.add(B, RseqArea.MM_CID);
        r.storeWord(words.mmCid, B);
        r.branch(set);
        r.bind(without);
        r.set(B, local(AREA));
        r.add(B, RseqArea.CPU_ID);
        r.bind(set);
        r.storeWord(words.target.index(), B);
    }

    /** Derives the number of indices from the size of the kernel's CPU masks, which is the answer of the call. */
    private void findLimit(Routines r) {
        Label refused = new Label("affinity_refused");
        r.systemCall(RESULT, SystemCall.SCHED_GETAFFINITY, constant(0), constant(AFFINITY_BYTES), addressOf(MASK));
        r.branchIfNegative(RESULT, refused);
        r.shiftLeft(RESULT, 3);
        r.storeWord(words.target.limit(), RESULT);
        r.bind(refused);
    }

    /** Finds whether thread memory is reclaimed early. glibc keeps it until the kernel has cleared the tid. */
    private void findLifetime(Routines r) {
        Label lasting = new Label("tls_lasts");
        r.loadWord(A, words.glibc);
        r.branchUnless(A, 0, lasting);
        r.set(A, constant(1));
        r.storeWord(words.isReclaimed, A);
        // Without a key no thread is armed, and none joins.
        r.loadWord(FUNCTION, words.keyCreate);
        r.branchIf(FUNCTION, 0, lasting);
        r.address(A, words.key);
        r.address(B, protocol.leave);
        r.callTo(RESULT, FUNCTION, local(A), local(B));
        r.set(A, addressOf(RESULT));
        r.load(RESULT, A, 0, Width.INT);
        r.branchUnless(RESULT, 0, lasting);
        r.set(A, constant(1));
        r.storeWord(words.hasKey, A);
        r.bind(lasting);
    }

    /** Emits {@code void *start(pair)}; the pair is the requested start routine and its argument. */
    private void startThread(Routines r) {
        Label go = new Label("go");
        Label join = new Label("join");
        r.enter(startThread, 1, LOCALS);
        r.load(A, 0, 0, Width.LONG);
        r.load(B, 0, Long.BYTES, Width.LONG);
        r.loadWord(FUNCTION, words.free);
        r.callTo(RESULT, FUNCTION, local(0));
        r.loadWord(OWNER, words.isReclaimed);
        r.branchIf(OWNER, 0, join);
        r.loadWord(OWNER, words.hasKey);
        r.branchIf(OWNER, 0, go);
        r.loadWord(OWNER, words.key);
        r.loadWord(FUNCTION, words.setspecific);
        r.callTo(RESULT, FUNCTION, local(OWNER), constant(1));
        r.set(OWNER, addressOf(RESULT));
        r.load(RESULT, OWNER, 0, Width.INT);
        r.branchUnless(RESULT, 0, go);
        arm(r);
        r.bind(join);
        r.call(RESULT, protocol.join);
        r.bind(go);
        r.leaveTo(A, local(B));
    }

    /** Notes that the thread's registration will be ended in time. */
    private void arm(Routines r) {
        r.loadWord(LENGTH, words.armed);
        r.addThreadPointer(LENGTH);
        r.set(FEATURE, constant(1));
        r.store(LENGTH, 0, FEATURE, Width.INT);
    }

    /**
     * Emits pthread_create or thrd_create, whose last two arguments are the start routine and its argument.
     *
     * @param error the result if there is no memory or libc lacks the function
     */
    private void createThread(Routines r, Label function, int arguments, int error) {
        String name = function.name();
        Label real = words.constant("real_" + name, 0);
        Label text = words.text(name);
        Label found = new Label(name + "_found");
        Label direct = new Label(name + "_direct");
        Label out = new Label(name + "_out");
        int start = arguments - 2;
        r.enter(function, arguments, LOCALS);
        r.set(RESULT, constant(error));
        r.loadWord(FUNCTION, real);
        r.branchUnless(FUNCTION, 0, found);
        r.loadWord(A, words.dlsym);
        r.branchIf(A, 0, out);
        r.address(B, text);
        r.callTo(FUNCTION, A, constant(RTLD_NEXT), local(B));
        r.branchIf(FUNCTION, 0, out);
        r.storeWord(real, FUNCTION);
        r.bind(found);
        Routines.Input[] inputs = new Routines.Input[arguments];
        for (int i = 0; i < arguments; i++) {
            inputs[i] = local(i);
        }
        r.loadWord(A, words.owner);
        r.branchIf(A, LIBC, direct);
        r.loadWord(A, words.malloc);
        r.callTo(B, A, constant(2 * Long.BYTES));
        r.branchIf(B, 0, out);
        r.store(B, 0, start, Width.LONG);
        r.store(B, Long.BYTES, start + 1, Width.LONG);
        r.address(start, startThread);
        r.set(start + 1, local(B));
        r.callTo(RESULT, FUNCTION, inputs);
        // The result is an int, so the upper half of the register is undefined.
        r.set(A, addressOf(RESULT));
        r.load(RESULT, A, 0, Width.INT);
        r.branchIf(RESULT, 0, out);
        r.loadWord(A, words.free);
        r.callTo(LENGTH, A, local(B));
        r.bind(out);
        r.leave(RESULT);
        r.bind(direct);
        r.leaveTo(FUNCTION, inputs);
    }
}
