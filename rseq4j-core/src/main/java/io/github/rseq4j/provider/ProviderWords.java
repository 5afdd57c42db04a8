package io.github.rseq4j.provider;

import io.github.rseq4j.elf.ElfParts;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Target;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The data of the provider image: words by label, and thread-local variables. */
public final class ProviderWords {
    /** The area of the 2018 protocol. */
    static final String ABI = "__rseq_abi";
    /** The count of the 2018 protocol. */
    public static final String REFCOUNT = "__rseq_refcount";
    /** The count of libc's area, which the 2018 protocol does not have. */
    static final String LIBC_REFCOUNT = "rseq4j_libc_refcount";
    /** The number of counts that rseq4j_register has taken on this thread. */
    public static final String USERS = "rseq4j_users";
    /** {@link #JOINED}, {@link #TOMBSTONE}, or 0. */
    public static final String STATE = "rseq4j_state";
    /** 1 if the thread's registration will be ended before its memory is reclaimed. */
    public static final String ARMED = "rseq4j_armed";
    /** The thread holds one count until it ends. */
    public static final int JOINED = 1;
    /** The thread is ending: it is never registered again. */
    public static final int TOMBSTONE = 2;

    static final String VERSION = "RSEQ4J_1";

    private final int areaBytes;
    private final List<ElfParts.Word> all = new ArrayList<>();

    /** Set by the constructor. Before that the words have their relocated values, and no index is in range. */
    final Target.Words target = new Target.Words(thread("area_offset", ABI, 0),
            thread("index_offset", ABI, RseqArea.CPU_ID), constant("index_limit", 0));
    final Label mmCid = constant("mm_cid_offset", 0);
    final Label length = constant("registered_length", RseqArea.ORIGINAL_BYTES);
    final Label constructed = constant("constructed", 0);
    /** 1 if the area is the image's own and registered with more than the original length. */
    final Label isFull = constant("is_full", 0);
    final Label owner = constant("owner", 0);
    final Label count = thread("count_offset", REFCOUNT, 0);
    final Label isCounted = constant("is_counted", 1);
    final Label isReclaimed = constant("tls_is_reclaimed", 0);
    final Label key = constant("key", 0);
    final Label hasKey = constant("has_key", 0);

    final Label abi = thread("abi_offset", ABI, 0);
    final Label ownAbi = own("own_abi_offset", ABI);
    final Label refcount = thread("refcount_offset", REFCOUNT, 0);
    final Label ownRefcount = own("own_refcount_offset", REFCOUNT);
    final Label libcRefcount = thread("libc_refcount_offset", LIBC_REFCOUNT, 0);
    final Label users = thread("users_offset", USERS, 0);
    final Label state = thread("state_offset", STATE, 0);
    final Label armed = thread("armed_offset", ARMED, 0);

    final Label rseqOffset = thread("__rseq_offset", ABI, 0);
    /**
     * As in glibc 2.35 to 2.40, 32 means the part of 32 bytes that the kernel maintains. A longer registration has the
     * length that the kernel maintains, as in glibc since 2.41.
     */
    final Label rseqSize = constant("__rseq_size", RseqArea.ORIGINAL_BYTES);
    final Label rseqFlags = constant("__rseq_flags", 0);

    /** librseq of 2020 and 2021 reads this word before it registers threads itself. */
    final Label handled = constant("__rseq_handled", 1);
    /** Symbols of librseq since 2022. */
    final Label librseqRegisters = text("rseq_register_current_thread");
    final Label librseqSize = text("rseq_size");
    final Label librseqOffset = text("rseq_offset");

    final Label getauxval = imported("getauxval");
    final Label malloc = imported("malloc");
    final Label free = imported("free");
    final Label dlsym = imported("dlsym");
    /** Only glibc defines it. */
    final Label dlvsym = imported("dlvsym");
    final Label dladdr = imported("dladdr");
    final Label dlerror = imported("dlerror");
    final Label keyCreate = imported("pthread_key_create");
    final Label setspecific = imported("pthread_setspecific");
    final Label glibc = imported("gnu_get_libc_version");

    ProviderWords(int areaBytes) {
        this.areaBytes = areaBytes;
    }

    Label constant(String name, long value) {
        return add(name, ElfParts.Kind.CONSTANT, value, null);
    }

    /** Adds a text, in several words. */
    Label text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer padded = ByteBuffer.wrap(Arrays.copyOf(bytes, (bytes.length / Long.BYTES + 1) * Long.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        Label first = constant("name_of_" + text, padded.getLong());
        while (padded.hasRemaining()) {
            constant("more_of_" + text, padded.getLong());
        }
        return first;
    }

    /** Adds the counter of a function, which starts at 0. */
    void counter(Label label) {
        all.add(new ElfParts.Word(label, ElfParts.Kind.CONSTANT, 0, null));
    }

    private Label thread(String name, String symbol, long plus) {
        return add(name, ElfParts.Kind.THREAD, plus, symbol);
    }

    private Label own(String name, String symbol) {
        return add(name, ElfParts.Kind.THREAD_OWN, 0, symbol);
    }

    private Label imported(String symbol) {
        return add(symbol, ElfParts.Kind.IMPORT, 0, symbol);
    }

    private Label add(String name, ElfParts.Kind kind, long value, @Nullable String symbol) {
        Label label = new Label(name);
        all.add(new ElfParts.Word(label, kind, value, symbol));
        return label;
    }

    /** Returns size and alignment of the area, in bytes. */
    int areaBytes() {
        return areaBytes;
    }

    List<ElfParts.Word> all() {
        return List.copyOf(all);
    }

    /** Returns the words of the second image, which has no area and copies the values of its symbols. */
    List<ElfParts.Word> allOfNext() {
        return all.stream().map(word -> word.kind() == ElfParts.Kind.IMPORT || word.label() != rseqSize
                && word.kind() == ElfParts.Kind.CONSTANT ? word
                : new ElfParts.Word(word.label(), ElfParts.Kind.CONSTANT, 0, null)).toList();
    }

    /** Returns the exported data; {@code __rseq_handled} only if the image registers each thread at its start. */
    List<ElfParts.ExportedObject> objects(boolean registersAll) {
        List<ElfParts.ExportedObject> objects = new ArrayList<>();
        objects.add(new ElfParts.ExportedObject("__rseq_offset", rseqOffset, Long.BYTES));
        objects.add(new ElfParts.ExportedObject("__rseq_size", rseqSize, Integer.BYTES));
        objects.add(new ElfParts.ExportedObject("__rseq_flags", rseqFlags, Integer.BYTES));
        if (registersAll) {
            objects.add(new ElfParts.ExportedObject("__rseq_handled", handled, Integer.BYTES));
        }
        return objects;
    }

    List<ElfParts.ThreadVariable> threadLocals() {
        byte[] area = new byte[areaBytes];
        ByteBuffer.wrap(area).order(ByteOrder.LITTLE_ENDIAN).putInt(RseqArea.CPU_ID, RseqArea.UNINITIALIZED);
        List<ElfParts.ThreadVariable> locals = new ArrayList<>();
        locals.add(new ElfParts.ThreadVariable(ABI, area));
        for (String name : List.of(REFCOUNT, LIBC_REFCOUNT, USERS, STATE, ARMED)) {
            locals.add(new ElfParts.ThreadVariable(name, new byte[Integer.BYTES]));
        }
        return locals;
    }
}
