package io.github.rseq4j.provider;

import io.github.rseq4j.elf.ElfImage;
import io.github.rseq4j.elf.ElfParts;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.Compiler;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Target;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The provider image, {@code librseq4j.so}: a shared object that registers the threads of a process by the
 * shared-ownership protocol, defines the area if no other library does, and has sections as C functions. The file
 * serves any program that preloads it or is linked with it, a JVM included. A JVM without the file writes an image to
 * its memory.
 */
public final class ProviderImage {
    /** The name of the file, which is also its soname. */
    public static final String FILE_NAME = "librseq4j.so";
    /**
     * The soname of the image that a JVM writes to its memory. It differs from the file's, because that image has few
     * sections: a library that is linked with the file must get the file.
     */
    public static final String MEMORY_NAME = "librseq4j-memory.so";
    /**
     * The name of a second image without sections, which is loaded with the first one. librseq asks for the next
     * definition of glibc's symbols after itself, so it does not see an object that is preloaded or listed before it.
     * An object that the first image needs is loaded after librseq.
     */
    public static final String NEXT_FILE_NAME = "librseq4j-next.so";
    /** Size and alignment of the area that are enough for every kernel up to Linux 7.2, in bytes. */
    public static final int NOMINAL_AREA_BYTES = 64;
    /** The prefix of a chain's symbol. */
    static final String PREFIX = "rseq4j_";

    private final Compiler compiler;
    private final ProviderWords words;
    private final List<Assembled> functions = new ArrayList<>();
    private final List<Label> entries = new ArrayList<>();
    private final Map<String, Label> exports = new LinkedHashMap<>();
    private final Map<Label, String> localNames = new LinkedHashMap<>();

    private ProviderImage(Architecture architecture, int areaBytes) {
        this.compiler = new Compiler(architecture);
        this.words = new ProviderWords(areaBytes);
    }

    /**
     * Writes the image.
     *
     * @param architecture the architecture of the image
     * @param chains the sections that become C functions
     * @param strideShift the binary logarithm of the distance between two indices' copies of a cell, in bytes
     * @param areaBytes size and alignment of the area, at least {@link #NOMINAL_AREA_BYTES}, because the files may be
     *     used on another machine
     * @return the images by file name. All files must be in one folder, and be written in this order, because a program
     *     that finds only {@link #FILE_NAME} does not start
     */
    public static Map<String, byte[]> files(Architecture architecture, List<Chain> chains, int strideShift,
                                            int areaBytes) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(NEXT_FILE_NAME, write(architecture, NEXT_FILE_NAME, List.of(), strideShift, areaBytes));
        files.put(FILE_NAME, write(architecture, FILE_NAME, chains, strideShift, areaBytes));
        return files;
    }

    public static byte[] write(Architecture architecture, String name, List<Chain> chains, int strideShift,
            int areaBytes) {
        ProviderImage image = new ProviderImage(architecture, areaBytes);
        ElfParts parts = image.parts(architecture, name, chains, strideShift);
        return ElfImage.write(parts, image.compiler.lowering());
    }

    /**
     * Returns size and alignment of the area for this kernel, in bytes: the auxiliary vector's values, and no more. A
     * libc may refuse an object that is loaded later and has a stricter alignment than those loaded at the start.
     */
    public static int areaBytes() {
        if (!Linux.isCallable()) {
            return NOMINAL_AREA_BYTES;
        }
        long asked = Math.max(Linux.getauxval(Linux.AT_RSEQ_ALIGN), Linux.getauxval(Linux.AT_RSEQ_FEATURE_SIZE));
        return (int) Math.max(RseqArea.ORIGINAL_BYTES, asked <= 1 ? 1 : Long.highestOneBit(asked - 1) << 1);
    }

    private ElfParts parts(Architecture architecture, String name, List<Chain> chains, int strideShift) {
        ProviderRoutines protocol = new ProviderRoutines(words, architecture);
        ProviderStart start = new ProviderStart(words, protocol, architecture);
        boolean isFile = name.equals(FILE_NAME);
        boolean isNext = name.equals(NEXT_FILE_NAME);
        add(new Label("routines"), compiler.routines("rseq4j", List.of(), r -> {
            if (isNext) {
                protocol.writeOwner(r);
                start.writeNext(r);
            } else {
                protocol.write(r);
                start.write(r);
            }
        }));
        // The second image exports the function by which a copy of an image is recognized.
        List<Label> functionsOfAll = List.of(protocol.owner);
        List<Label> functionsOfOne = List.of(protocol.register, protocol.unregister, protocol.join, protocol.leave,
                protocol.currentCpu, protocol.mmCid, protocol.owner, protocol.limit, protocol.offset,
                protocol.length, start.tell, start.pthreadCreate, start.thrdCreate);
        for (Label function : isNext ? functionsOfAll : functionsOfOne) {
            exports.put(function.name(), function);
        }
        // Sections read these values from words; the constants here are only placeholders in range.
        Target target = new Target(0, Index.CPU_ID, 1, strideShift, words.target);
        for (Chain chain : chains) {
            Label entry = new Label(PREFIX + chain.name());
            Assembled function = compiler.compile(chain, target);
            words.counter(function.data().getFirst());
            add(entry, function);
            exports.put(entry.name(), entry);
            nameSections(entry.name(), function);
        }
        Set<Label> all = new HashSet<>(exports.values());
        Label constructor = isNext ? start.follow : start.constructor;
        for (Label local : isNext ? List.of(constructor) : List.of(constructor, start.startThread)) {
            localNames.put(local, local.name());
            all.add(local);
        }
        // Before glibc 2.34 dlsym is in libdl; newer versions and musl accept the name for compatibility.
        List<String> needed = new ArrayList<>(List.of("libdl.so.2", "libc.so.6"));
        if (isFile) {
            needed.add(NEXT_FILE_NAME);
        }
        return new ElfParts(name, List.copyOf(needed), isFile ? "$ORIGIN" : "", List.copyOf(functions),
                List.copyOf(entries), constructor, exports, all, localNames,
                isNext ? words.allOfNext() : words.all(), words.objects(isFile), ProviderWords.VERSION,
                isNext ? List.of() : words.threadLocals());
    }

    private void add(Label entry, Assembled function) {
        functions.add(function);
        entries.add(entry);
    }

    private void nameSections(String function, Assembled assembled) {
        int count = assembled.sections().size();
        for (int i = 0; i < count; i++) {
            Assembled.SectionLabels section = assembled.sections().get(i);
            String suffix = count == 1 ? "" : "_" + i;
            localNames.put(section.start(), function + ".start" + suffix);
            localNames.put(section.postCommit(), function + ".post_commit" + suffix);
            localNames.put(section.abort(), function + ".abort" + suffix);
            localNames.put(section.descriptor(), function + ".cs" + suffix);
        }
        localNames.put(assembled.data().getFirst(), function + ".aborts");
    }
}
