package io.github.rseq4j.cli.process;

import io.github.rseq4j.cli.elf.ElfFile;
import io.github.rseq4j.cli.elf.ElfSymbols;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads what the loaded objects of a process say about rseq areas. */
public final class LoadedObjects {
    private static final String AREA = "__rseq_abi";
    private static final String OFFSET = "__rseq_offset";
    private static final String SIZE = "__rseq_size";
    /** The symbol of librseq's own offset. */
    private static final String LIBRSEQ_OFFSET = "rseq_offset";
    /** Symbols that only a C library defines: glibc's dynamic linker, glibc, or a libc linked into an executable. */
    private static final List<String> SIGNS_OF_LIBC = List.of("_rtld_global", "gnu_get_libc_version",
            "__libc_start_main", "__libc_start_call_main");
    /** A symbol of musl's dynamic linker, and one of an executable into which musl is linked. */
    private static final List<String> SIGNS_OF_MUSL = List.of("__dls3", "__init_tp");
    private static final int MAX_OBJECTS = 4096;
    /** tcmalloc's cache, half of which is cpu_id_start of its area. */
    static final String TCMALLOC = "tcmalloc_slabs";
    /** librseq's function that registers a thread. */
    static final String LIBRSEQ = "rseq_register_current_thread";
    /** The provider image's function that registers a thread; and one of images that know the full length. */
    static final String RSEQ4J = "rseq4j_join";
    static final String RSEQ4J_LENGTH = "rseq4j_length";
    private static final List<String> MARKS = List.of(TCMALLOC, LIBRSEQ, RSEQ4J, RSEQ4J_LENGTH);

    /**
     * A loaded object.
     *
     * @param path its path, as in the process's mappings
     * @param offset the area's distance from the thread pointer that it exports, or null
     * @param size glibc's size that it exports, or null
     * @param definesArea whether it defines the thread-local area of the shared-ownership protocol
     * @param areaOffset the distance of that area from the thread pointer, or null if it was not found
     * @param isLibc whether it is libc or its dynamic linker, or contains a libc
     * @param marks the ones of {@link #TCMALLOC}, {@link #LIBRSEQ}, {@link #RSEQ4J} and {@link #RSEQ4J_LENGTH} that it
     *     defines
     */
    public record Claims(String path, @Nullable Long offset, @Nullable Integer size, boolean definesArea,
                  @Nullable Long areaOffset, boolean isLibc, Set<String> marks) {
        public String name() {
            String name = path.substring(path.lastIndexOf('/') + 1);
            // Every memfd is marked as deleted, because it has no name in a folder.
            return name.startsWith("memfd:") ? name.replace(" (deleted)", "") : name;
        }
    }

    private final Architecture.Tracing tracing;
    private final ElfSymbols.Memory memory;
    private final List<ProcessFiles.Mapping> mappings;
    private final List<Claims> claims = new ArrayList<>();
    private final Path executable;
    private final String executablePath;
    private boolean isMusl;

    /**
     * Reads the objects of a process.
     *
     * @param files the files of the process
     * @param tids threads of the process; one of them must still be alive, so that its memory can be read
     * @param architecture this machine's architecture
     */
    public LoadedObjects(ProcessFiles files, List<Integer> tids, Architecture architecture) {
        this.tracing = architecture.tracing();
        this.memory = (address, lengthBytes) -> read(tids, address, lengthBytes);
        int alive = files.pid();
        List<ProcessFiles.Mapping> found = List.of();
        for (int i = 0; i < tids.size() && found.isEmpty(); i++) {
            alive = tids.get(i);
            found = files.mappings(alive);
        }
        this.mappings = found;
        this.executable = files.executable(alive);
        this.executablePath = ProcessFiles.target(executable);
        Set<String> executables = new HashSet<>();
        for (ProcessFiles.Mapping mapping : mappings) {
            if (mapping.isFile() && mapping.isExecutable()) {
                executables.add(mapping.file());
            }
        }
        int objects = 0;
        for (ProcessFiles.Mapping mapping : mappings) {
            // A file that is only read has no executable mapping.
            if (mapping.isFile() && mapping.offset() == 0 && executables.contains(mapping.file())
                    && objects++ < MAX_OBJECTS) {
                read(mapping);
            }
        }
    }

    private static byte[] read(List<Integer> tids, long address, int lengthBytes) throws IOException {
        byte[] bytes = new byte[lengthBytes];
        for (int tid : tids) {
            long answer = Ptrace.process_vm_readv(tid, address, bytes);
            if (answer == lengthBytes) {
                return bytes;
            }
            if (answer != -Errno.ESRCH) {
                break;
            }
        }
        throw new IOException("address=0x" + Long.toHexString(address) + " cannot be read");
    }

    private void read(ProcessFiles.Mapping mapping) {
        try {
            ElfSymbols symbols = new ElfSymbols(memory, mapping.start());
            Claims found = claims(mapping.path(), symbols);
            if (found != null) {
                claims.add(found);
            }
        } catch (IOException e) {
            // Not an ELF object, unmapped meanwhile, or damaged: it is ignored.
            return;
        }
    }

    private @Nullable Claims claims(String path, ElfSymbols symbols) throws IOException {
        boolean isExecutable = path.equals(executablePath);
        Map<String, ElfSymbols.Symbol> local = isExecutable ? ofFile() : Map.of();
        ElfSymbols.Symbol offset = either(symbols, local, OFFSET);
        if (offset == null) {
            offset = either(symbols, local, LIBRSEQ_OFFSET);
        }
        ElfSymbols.Symbol size = either(symbols, local, SIZE);
        ElfSymbols.Symbol area = either(symbols, local, AREA);
        isMusl |= hasAny(symbols, local, SIGNS_OF_MUSL);
        boolean isLibc = hasAny(symbols, local, SIGNS_OF_LIBC);
        Set<String> marks = new HashSet<>();
        for (String mark : MARKS) {
            if (either(symbols, local, mark) != null) {
                marks.add(mark);
            }
        }
        if (offset == null && size == null && area == null && !isLibc && marks.isEmpty()) {
            return null;
        }
        return new Claims(path, offset == null ? null : (Long) symbols.read(offset, Long.BYTES),
                size == null ? null : (Integer) (int) symbols.read(size, Integer.BYTES),
                area != null && area.isThreadLocal(), area == null ? null : place(symbols, area, isExecutable), isLibc,
                Set.copyOf(marks));
    }

    /** Returns symbols that the executable does not export: a libc and an area may be linked into it. */
    private Map<String, ElfSymbols.Symbol> ofFile() {
        Set<String> names = new HashSet<>(SIGNS_OF_LIBC);
        names.addAll(SIGNS_OF_MUSL);
        names.addAll(MARKS);
        names.addAll(List.of(AREA, OFFSET, SIZE, LIBRSEQ_OFFSET));
        try {
            return ElfFile.find(executable, names);
        } catch (IOException e) {
            // Not an ELF file, or not readable: only exported symbols are known.
            return Map.of();
        }
    }

    private static boolean hasAny(ElfSymbols symbols, Map<String, ElfSymbols.Symbol> local, List<String> names)
            throws IOException {
        for (String name : names) {
            if (either(symbols, local, name) != null) {
                return true;
            }
        }
        return false;
    }

    private static ElfSymbols.@Nullable Symbol either(ElfSymbols symbols, Map<String, ElfSymbols.Symbol> local,
                                                      String name) throws IOException {
        ElfSymbols.Symbol exported = symbols.find(name);
        return exported != null ? exported : local.get(name);
    }

    /** Finds a thread-local area's distance from the thread pointer, if it is the same in all threads. */
    private @Nullable Long place(ElfSymbols symbols, ElfSymbols.Symbol area, boolean isExecutable) throws IOException {
        Long bound = symbols.bound(AREA, area, tracing.tlsRelocation());
        if (bound != null || !isExecutable) {
            return bound;
        }
        // The executable's thread-local memory comes first, so its offsets are constants of the ABI.
        return tracing.tlsBelow() ? area.value() - symbols.tlsRoundedBytes()
                : area.value() + Math.max(2 * Long.BYTES, symbols.tlsAlignBytes());
    }

    /** Returns the objects with one of these symbols, the executable first. */
    public List<Claims> claims() {
        return claims;
    }

    /** Tells whether the process runs on musl. */
    public boolean isMusl() {
        return isMusl;
    }

    /** Returns the mapping in which an address lies: a path, a name like [heap], or an empty text. */
    public String at(long address) {
        for (ProcessFiles.Mapping mapping : mappings) {
            if (Long.compareUnsigned(address, mapping.start()) >= 0
                    && Long.compareUnsigned(address, mapping.end()) < 0) {
                return mapping.path();
            }
        }
        return "";
    }
}
