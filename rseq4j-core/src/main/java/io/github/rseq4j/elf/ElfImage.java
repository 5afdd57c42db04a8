package io.github.rseq4j.elf;

import io.github.rseq4j.kernel.RseqCs;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Lowering;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes an ELF shared object: code, the descriptors of its sections, words of data, thread-local variables, symbols.
 * After the System V ABI's chapters on object files and dynamic linking, and U. Drepper's "ELF Handling For
 * Thread-Local Storage" for the initial-exec model.
 */
public final class ElfImage {
    /* How it works
     *
     *   | headers, symbols, relocations, frames   |   read only
     *   | code                                    |   executable
     *   | TLS template, descriptors, dynamic      |   read only after relocation
     *   | words                                   |   writable
     *   | symbol table and section headers        |   not loaded, for debuggers
     *
     * Addresses equal offsets in the file, so the file is the image, and the checker reads the file. Most sizes follow
     * from the numbers of parts. The code is placed twice: first to learn its size and that of its tables of frames,
     * then at its final offset.
     *
     * Refused: weak references to libc's symbols with libc's version, to tell them from this image's symbols of the
     * same names. An older glibc prints a warning for them in every program that preloads the image.
     */
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int SYMBOL_BYTES = 24;
    private static final int RELA_BYTES = 24;
    private static final int PROGRAM_HEADERS = 8;
    private static final int LOAD = 1;
    private static final int DYNAMIC = 2;
    private static final int TLS = 7;
    private static final int GNU_EH_FRAME = 0x6474_E550;
    private static final int GNU_STACK = 0x6474_E551;
    private static final int GNU_RELRO = 0x6474_E552;
    private static final int READ = 4;
    private static final int WRITE = 2;
    private static final int EXECUTE = 1;
    private static final int VERSION_GLOBAL = 1;
    private static final int VERSION_OWN = 2;
    /** A distance that is larger than the code and within the reach of branches on every architecture. */
    private static final int PROVISIONAL_BYTES = 1 << 19;

    private final ElfParts parts;
    private final Lowering.Elf elf;
    private final ElfCode code;
    private final ElfStrings dynamicStrings = new ElfStrings();
    private final List<ElfSymbol> dynamicSymbols = new ArrayList<>();
    private final List<ElfSymbol> allSymbols = new ArrayList<>();
    private final Map<Label, Long> offsets = new HashMap<>();
    private final Map<String, ElfSection> sections = new LinkedHashMap<>();
    private final List<Assembled.SectionLabels> rseqSections;
    private ByteBuffer image = ByteBuffer.allocate(0);

    private ElfImage(ElfParts parts, Lowering lowering) {
        this.parts = parts;
        this.elf = lowering.elf();
        this.code = new ElfCode(parts, lowering);
        this.rseqSections = parts.functions().stream().flatMap(f -> f.sections().stream()).toList();
    }

    /**
     * Writes the object.
     *
     * @param parts the parts of the object
     * @param lowering the architecture
     * @throws IllegalStateException if the checker refuses a function
     */
    public static byte[] write(ElfParts parts, Lowering lowering) {
        ElfImage object = new ElfImage(parts, lowering);
        object.nameSymbols();
        object.layOut();
        object.placeCode();
        object.writeTables();
        return object.finish();
    }

    private void nameSymbols() {
        dynamicSymbols.add(new ElfSymbol("", 0, 0, 0, "", null));
        for (ElfParts.Word word : parts.words()) {
            if (word.symbol() != null && word.kind() == ElfParts.Kind.IMPORT) {
                dynamicSymbols.add(new ElfSymbol(word.symbol(), ElfSymbol.WEAK, ElfSymbol.NOTYPE, 0, "", null));
            }
        }
        for (ElfParts.ThreadVariable local : parts.threadLocals()) {
            dynamicSymbols.add(new ElfSymbol(local.name(), ElfSymbol.GLOBAL, ElfSymbol.TLS, local.bytes().length,
                    ".tdata", null));
        }
        for (ElfParts.ExportedObject object : parts.objects()) {
            dynamicSymbols.add(new ElfSymbol(object.name(), ElfSymbol.GLOBAL, ElfSymbol.OBJECT, object.sizeBytes(),
                    ".data", object.label()).version(parts.objectVersion()));
        }
        for (Map.Entry<String, Label> function : parts.exports().entrySet()) {
            dynamicSymbols.add(new ElfSymbol(function.getKey(), ElfSymbol.GLOBAL, ElfSymbol.FUNCTION, 0, ".text",
                    function.getValue()));
        }
        for (ElfSymbol symbol : dynamicSymbols) {
            dynamicStrings.add(symbol.name());
        }
        parts.needed().forEach(dynamicStrings::add);
        dynamicStrings.add(parts.runPath());
        dynamicStrings.add(parts.soname());
        dynamicStrings.add(parts.objectVersion());
    }

    private int section(String name, int type, int flags, int offset, int size, int align, int entry) {
        int start = aligned(offset, align);
        // A section that is laid out again moves to the end.
        sections.remove(name);
        sections.put(name, new ElfSection(name, type, flags, start, size, align, entry));
        return start + size;
    }

    private static int aligned(int value, int to) {
        return (value + to - 1) / to * to;
    }

    private int offset(String section) {
        return section(section).offset();
    }

    private ElfSection section(String name) {
        ElfSection found = sections.get(name);
        if (found == null) {
            throw new IllegalStateException("section=" + name + " is not laid out");
        }
        return found;
    }

    private int end(String section) {
        return section(section).end();
    }

    private void layOut() {
        int symbols = dynamicSymbols.size();
        int at = HEADER_BYTES + PROGRAM_HEADERS * PROGRAM_HEADER_BYTES;
        at = section(".hash", ElfSection.HASH, ElfSection.ALLOC, at, (2 + symbols + symbols) * 4, 8, 4);
        at = section(".dynsym", ElfSection.DYNSYM, ElfSection.ALLOC, at, symbols * SYMBOL_BYTES, 8, SYMBOL_BYTES);
        at = section(".dynstr", ElfSection.STRTAB, ElfSection.ALLOC, at, dynamicStrings.sizeBytes(), 1, 0);
        at = section(".gnu.version", ElfSection.VERSYM, ElfSection.ALLOC, at, symbols * 2, 2, 2);
        at = section(".gnu.version_d", ElfSection.VERDEF, ElfSection.ALLOC, at, 2 * (20 + 8), 8, 0);
        at = section(".rela.dyn", ElfSection.RELA, ElfSection.ALLOC, at, relocations().size() * RELA_BYTES, 8,
                RELA_BYTES);
        placeOutside(aligned(at + PROVISIONAL_BYTES, elf.pageBytes()));
        code.place(new byte[end(".data")], 0, offsets);
        ElfFrames frames = code.frames();
        at = section(".eh_frame_hdr", ElfSection.PROGBITS, ElfSection.ALLOC, at, frames.headerBytes(), 4, 0);
        at = section(".eh_frame", ElfSection.PROGBITS, ElfSection.ALLOC, at, frames.table(0).length, 8, 0);
        at = section(".text", ElfSection.PROGBITS, ElfSection.ALLOC | ElfSection.EXECUTE,
                aligned(at, elf.pageBytes()), code.end(), Assembled.ALIGN_BYTES, 0);
        at = aligned(at, elf.pageBytes());
        placeOutside(at);
    }

    /** Lays out the parts after the code. The length of the code need not be final. */
    private void placeOutside(int from) {
        int writable = ElfSection.ALLOC | ElfSection.WRITE;
        int at = section(".tdata", ElfSection.PROGBITS, writable | ElfSection.TLS, from, threadBytes(),
                parts.threadAlignBytes(), 0);
        at = section("__rseq_cs", ElfSection.PROGBITS, writable, at, rseqSections.size() * RseqCs.BYTES,
                RseqCs.BYTES, 0);
        at = section("__rseq_cs_ptr_array", ElfSection.PROGBITS, writable, at, rseqSections.size() * Long.BYTES, 8, 0);
        at = section(".init_array", ElfSection.INIT_ARRAY, writable, at, Long.BYTES, 8, 8);
        at = section(".dynamic", ElfSection.DYNAMIC, writable, at, dynamicEntries().size() * Long.BYTES, 8, 16);
        // The part that becomes read only after relocation ends at a page boundary.
        section(".data", ElfSection.PROGBITS, writable, aligned(at, elf.pageBytes()),
                parts.words().size() * Long.BYTES, 8, 0);
        for (int i = 0; i < rseqSections.size(); i++) {
            offsets.put(rseqSections.get(i).descriptor(), (long) offset("__rseq_cs") + (long) i * RseqCs.BYTES);
        }
        for (int i = 0; i < parts.words().size(); i++) {
            offsets.put(parts.words().get(i).label(), (long) offset(".data") + (long) i * Long.BYTES);
        }
    }

    private int threadBytes() {
        return parts.threadLocals().stream().mapToInt(local -> local.bytes().length).sum();
    }

    private int threadOffset(@Nullable String name) {
        int at = 0;
        for (ElfParts.ThreadVariable local : parts.threadLocals()) {
            if (local.name().equals(name)) {
                return at;
            }
            at += local.bytes().length;
        }
        throw new IllegalStateException("thread-local variable=" + name + " is not defined");
    }

    private void placeCode() {
        byte[] bytes = new byte[end(".data")];
        image = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        code.place(bytes, offset(".text"), offsets);
        code.check();
        offsets.putAll(code.labels());
    }

    private long at(@Nullable Label label) {
        Long offset = offsets.get(label);
        if (offset == null) {
            throw new IllegalStateException("label=" + label + " is not placed");
        }
        return offset;
    }

    private int symbolIndex(@Nullable String name, boolean defined) {
        for (int i = 1; i < dynamicSymbols.size(); i++) {
            ElfSymbol symbol = dynamicSymbols.get(i);
            if (symbol.name().equals(name) && symbol.isDefined() == defined) {
                return i;
            }
        }
        throw new IllegalStateException("symbol=" + name + " is not in the table");
    }

    /** A relocation: its place, type, symbol and addend. */
    private record Relocation(long offset, int type, int symbol, long addend) {}

    private List<Relocation> relocations() {
        boolean isPlaced = offsets.containsKey(parts.constructor());
        List<Relocation> all = new ArrayList<>();
        for (int i = 0; i < rseqSections.size(); i++) {
            Assembled.SectionLabels section = rseqSections.get(i);
            long descriptor = isPlaced ? at(section.descriptor()) : 0;
            long pointer = isPlaced ? offset("__rseq_cs_ptr_array") + (long) i * Long.BYTES : 0;
            all.add(relative(descriptor + RseqCs.START_IP, isPlaced ? at(section.start()) : 0));
            all.add(relative(descriptor + RseqCs.ABORT_IP, isPlaced ? at(section.abort()) : 0));
            all.add(relative(pointer, descriptor));
        }
        all.add(relative(isPlaced ? offset(".init_array") : 0, isPlaced ? at(parts.constructor()) : 0));
        for (ElfParts.Word word : parts.words()) {
            long where = isPlaced ? at(word.label()) : 0;
            switch (word.kind()) {
                case IMPORT -> all.add(new Relocation(where, elf.globalData(), symbolIndex(word.symbol(), false), 0));
                case THREAD -> all.add(new Relocation(where, elf.threadOffset(), symbolIndex(word.symbol(), true),
                        word.value()));
                case THREAD_OWN -> all.add(new Relocation(where, elf.threadOffset(), 0,
                        threadOffset(word.symbol()) + word.value()));
                case CONSTANT -> { }
            }
        }
        return all;
    }

    private Relocation relative(long where, long target) {
        return new Relocation(where, elf.relative(), 0, target);
    }

    private List<Long> dynamicEntries() {
        List<Long> entries = new ArrayList<>();
        for (String library : parts.needed()) {
            entries.addAll(List.of(1L, (long) dynamicStrings.offset(library)));
        }
        if (!parts.runPath().isEmpty()) {
            entries.addAll(List.of(29L, (long) dynamicStrings.offset(parts.runPath())));
        }
        long[][] rest = {
            {14, dynamicStrings.offset(parts.soname())},
            {4, offset(".hash")}, {5, offset(".dynstr")}, {6, offset(".dynsym")},
            {10, dynamicStrings.sizeBytes()}, {11, SYMBOL_BYTES},
            {7, offset(".rela.dyn")}, {8, section(".rela.dyn").size()}, {9, RELA_BYTES},
            {25, offset(".init_array")}, {27, Long.BYTES},
            {0x6FFF_FFF0L, offset(".gnu.version")},
            {0x6FFF_FFFCL, offset(".gnu.version_d")}, {0x6FFF_FFFDL, 2},
            // DT_FLAGS: bind now, static TLS; DT_FLAGS_1: now, never unloaded, constructor before all others.
            {30, 0x18}, {0x6FFF_FFFBL, 0x29},
            {0, 0},
        };
        for (long[] each : rest) {
            entries.addAll(List.of(each[0], each[1]));
        }
        return entries;
    }

    private void writeTables() {
        writeHash();
        image.position(offset(".dynsym"));
        for (ElfSymbol symbol : dynamicSymbols) {
            put(symbol, dynamicStrings);
        }
        image.put(offset(".dynstr"), dynamicStrings.bytes());
        image.position(offset(".gnu.version"));
        for (ElfSymbol symbol : dynamicSymbols) {
            image.putShort((short) (symbol.name().isEmpty() ? 0 : versionNumber(symbol)));
        }
        writeVersions();
        image.position(offset(".rela.dyn"));
        for (Relocation each : relocations()) {
            image.putLong(each.offset()).putLong((long) each.symbol() << 32 | each.type()).putLong(each.addend());
        }
        ElfFrames frames = code.frames();
        image.put(offset(".eh_frame"), frames.table(offset(".eh_frame")));
        image.put(offset(".eh_frame_hdr"), frames.header(offset(".eh_frame_hdr"), offset(".eh_frame")));
        image.position(offset(".tdata"));
        parts.threadLocals().forEach(local -> image.put(local.bytes()));
        // The value of the relocation is also written here, so that the file reads like the loaded image.
        for (Relocation each : relocations()) {
            if (each.type() == elf.relative()) {
                image.putLong((int) each.offset(), each.addend());
            }
        }
        image.position(offset(".dynamic"));
        dynamicEntries().forEach(image::putLong);
        image.position(offset(".data"));
        for (ElfParts.Word word : parts.words()) {
            image.putLong(word.kind() == ElfParts.Kind.CONSTANT ? word.value() : 0);
        }
    }

    private static int versionNumber(ElfSymbol symbol) {
        return symbol.version().isEmpty() ? VERSION_GLOBAL : VERSION_OWN;
    }

    private void writeVersions() {
        image.position(offset(".gnu.version_d"));
        for (int i = 1; i <= 2; i++) {
            String name = i == 1 ? parts.soname() : parts.objectVersion();
            image.putShort((short) 1).putShort((short) (i == 1 ? 1 : 0)).putShort((short) i).putShort((short) 1)
                    .putInt(ElfStrings.hash(name)).putInt(20).putInt(i == 1 ? 28 : 0);
            image.putInt(dynamicStrings.offset(name)).putInt(0);
        }
    }

    private void writeHash() {
        int symbols = dynamicSymbols.size();
        int[] buckets = new int[symbols];
        int[] chain = new int[symbols];
        for (int i = 1; i < symbols; i++) {
            if (dynamicSymbols.get(i).isDefined()) {
                int bucket = Integer.remainderUnsigned(ElfStrings.hash(dynamicSymbols.get(i).name()), symbols);
                chain[i] = buckets[bucket];
                buckets[bucket] = i;
            }
        }
        image.position(offset(".hash"));
        image.putInt(symbols).putInt(symbols);
        Arrays.stream(buckets).forEach(image::putInt);
        Arrays.stream(chain).forEach(image::putInt);
    }

    private long value(ElfSymbol symbol) {
        return !symbol.isDefined() ? 0 : symbol.type() == ElfSymbol.TLS ? threadOffset(symbol.name())
                : at(symbol.label());
    }

    private long sizeBytes(ElfSymbol symbol) {
        if (symbol.type() != ElfSymbol.FUNCTION) {
            return symbol.sizeBytes();
        }
        long from = value(symbol);
        return code.end(from) - from;
    }

    private int sectionIndex(String name) {
        return name.isEmpty() ? 0 : new ArrayList<>(sections.keySet()).indexOf(name) + 1;
    }

    private void put(ElfSymbol symbol, ElfStrings strings) {
        image.putInt(strings.offset(symbol.name())).put((byte) (symbol.bind() << 4 | symbol.type())).put((byte) 0)
                .putShort((short) sectionIndex(symbol.section())).putLong(value(symbol)).putLong(sizeBytes(symbol));
    }

    /** Appends the parts that are not loaded, and writes the headers. */
    private byte[] finish() {
        ElfStrings names = new ElfStrings();
        allSymbols.add(dynamicSymbols.getFirst());
        parts.localNames().forEach((label, name) -> allSymbols.add(new ElfSymbol(name, ElfSymbol.LOCAL,
                parts.functionLabels().contains(label) ? ElfSymbol.FUNCTION : ElfSymbol.NOTYPE, 0,
                sectionOf(at(label)), label)));
        int locals = allSymbols.size();
        dynamicSymbols.stream().skip(1).filter(ElfSymbol::isDefined).forEach(allSymbols::add);
        allSymbols.forEach(symbol -> names.add(symbol.name()));
        ElfStrings sectionNames = new ElfStrings();
        sections.keySet().forEach(sectionNames::add);
        List.of(".symtab", ".strtab", ".shstrtab").forEach(sectionNames::add);
        int at = section(".symtab", ElfSection.SYMTAB, 0, end(".data"), allSymbols.size() * SYMBOL_BYTES, 8,
                SYMBOL_BYTES);
        at = section(".strtab", ElfSection.STRTAB, 0, at, names.sizeBytes(), 1, 0);
        at = section(".shstrtab", ElfSection.STRTAB, 0, at, sectionNames.sizeBytes(), 1, 0);
        int headers = aligned(at, 8);
        image = ByteBuffer.wrap(Arrays.copyOf(image.array(), headers + (sections.size() + 1) * HEADER_BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        image.position(offset(".symtab"));
        allSymbols.forEach(symbol -> put(symbol, names));
        image.put(offset(".strtab"), names.bytes());
        image.put(offset(".shstrtab"), sectionNames.bytes());
        image.position(headers + HEADER_BYTES);
        for (ElfSection each : sections.values()) {
            each.put(image, sectionNames.offset(each.name()), link(each.name()), info(each.name(), locals));
        }
        writeHeaders(headers);
        return image.array();
    }

    private String sectionOf(long offset) {
        return sections.values().stream().filter(s -> offset >= s.offset() && offset < s.end()).findFirst()
                .map(ElfSection::name).orElse("");
    }

    private int link(String name) {
        return switch (name) {
            case ".hash", ".gnu.version", ".rela.dyn" -> sectionIndex(".dynsym");
            case ".dynsym", ".gnu.version_d", ".dynamic" -> sectionIndex(".dynstr");
            case ".symtab" -> sectionIndex(".strtab");
            default -> 0;
        };
    }

    private int info(String name, int locals) {
        return switch (name) {
            case ".dynsym" -> 1;
            case ".gnu.version_d" -> 2;
            case ".symtab" -> locals;
            default -> 0;
        };
    }

    private void writeHeaders(int sectionHeaders) {
        image.position(0);
        image.put("\177ELF".getBytes(StandardCharsets.ISO_8859_1)).put((byte) 2).put((byte) 1).put((byte) 1)
                .put(new byte[9]);
        image.putShort((short) 3).putShort((short) elf.machine()).putInt(1).putLong(0).putLong(HEADER_BYTES)
                .putLong(sectionHeaders).putInt(0).putShort((short) HEADER_BYTES)
                .putShort((short) PROGRAM_HEADER_BYTES).putShort((short) PROGRAM_HEADERS)
                .putShort((short) HEADER_BYTES).putShort((short) (sections.size() + 1))
                .putShort((short) sectionIndex(".shstrtab"));
        int data = offset(".tdata");
        int page = elf.pageBytes();
        programHeader(LOAD, READ, 0, end(".eh_frame"), page);
        programHeader(LOAD, READ | EXECUTE, offset(".text"), end(".text"), page);
        programHeader(LOAD, READ | WRITE, data, end(".data"), page);
        programHeader(TLS, READ, data, end(".tdata"), parts.threadAlignBytes());
        programHeader(DYNAMIC, READ | WRITE, offset(".dynamic"), end(".dynamic"), 8);
        programHeader(GNU_RELRO, READ, data, offset(".data"), 1);
        programHeader(GNU_EH_FRAME, READ, offset(".eh_frame_hdr"), end(".eh_frame_hdr"), 4);
        programHeader(GNU_STACK, READ | WRITE, 0, 0, 16);
    }

    private void programHeader(int type, int flags, long from, long to, int align) {
        image.putInt(type).putInt(flags).putLong(from).putLong(from).putLong(from).putLong(to - from)
                .putLong(to - from).putLong(align);
    }
}
