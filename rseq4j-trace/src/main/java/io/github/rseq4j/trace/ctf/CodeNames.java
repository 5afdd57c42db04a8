package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.file.RegularFile;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The names of the code of a traced JVM: compiled methods, the interpreter, stubs. A tracer writes them when a sampler
 * of CPU time is closed, and with a snapshot, as the JVM lists its code at that time. Code that the JVM had dropped
 * before has no name. Where the JVM used the memory of such code again, its addresses have the name of the later code.
 *
 * <p>Immutable, so any thread may use it.
 *
 * @since 0.1.0
 */
public final class CodeNames {
    private static final Pattern LINE = Pattern.compile("(?:0x)?([0-9a-fA-F]{1,16}) (?:0x)?([0-9a-fA-F]{1,8}|0{8}"
            + "[0-9a-fA-F]{8}) (.+)");
    private static final int ENTRY_BYTES = 2048;
    private static final int MOST_ENTRIES = 1 << 19;
    private static final int MAX_NAME_CHARS = 300;
    private static final int HEX = 16;

    private final TreeMap<Long, Code> codes = new TreeMap<>(Long::compareUnsigned);

    private record Code(long length, String name) {}

    private CodeNames() {}

    /** Reads the names in a trace's folder; a file that cannot be read gives none. */
    static CodeNames read(Path folder) {
        CodeNames names = new CodeNames();
        long most = Math.min(MOST_ENTRIES, Runtime.getRuntime().maxMemory() / ENTRY_BYTES);
        try (FileChannel file = RegularFile.open(folder.resolve(TraceFiles.CODE_NAMES))) {
            if (file.size() <= TraceFiles.MAX_CODE_NAMES_BYTES) {
                BufferedReader lines = new BufferedReader(new InputStreamReader(Channels.newInputStream(file),
                        StandardCharsets.ISO_8859_1));
                for (String line = lines.readLine(); line != null && names.codes.size() < most;
                        line = lines.readLine()) {
                    names.add(line);
                }
            }
        } catch (IOException _) {
            // The trace has no names: no sampler ran, or the JVM could not list its code.
        }
        return names;
    }

    private void add(String line) {
        Matcher words = LINE.matcher(line);
        if (words.matches()) {
            String name = new String(words.group(3).getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
            codes.put(Long.parseUnsignedLong(words.group(1), HEX), new Code(Long.parseLong(words.group(2), HEX),
                    name.length() <= MAX_NAME_CHARS ? name : name.substring(0, MAX_NAME_CHARS) + "..."));
        }
    }

    /** {@return the number of ranges of code that have a name} */
    public int size() {
        return codes.size();
    }

    /**
     * Returns the name of the code at an address.
     *
     * @param address the address, unsigned
     * @return the name, such as {@code java.lang.String.hashCode} with its types, or null if it is not known
     */
    public @Nullable String name(long address) {
        Map.Entry<Long, Code> below = codes.floorEntry(address);
        return below == null || Long.compareUnsigned(address - below.getKey(), below.getValue().length()) >= 0 ? null
                : below.getValue().name();
    }
}
