package io.github.rseq4j.trace.ring;

import io.github.rseq4j.trace.file.SafeFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * The content of a ring's file. It names the ring's memory for a recovery after the process was killed.
 *
 * @param id the number of the segment of shared memory, or {@link #OF_PROCESS} or {@link #OF_HEAP}
 * @param cookie a random number that the segment holds too; it distinguishes this segment from a later one with the
 *     same number
 * @param uuid the trace's UUID
 * @param bytes the size of the segment
 * @param place the boot and the IPC namespace in which the segment's number is valid
 */
public record RingFile(int id, long cookie, UUID uuid, long bytes, Place place) {
    /** The number of a ring that ends with its process because the kernel refuses shared memory. */
    public static final int OF_PROCESS = -1;
    /** The number of a ring that ends with its process because the engine is the fallback. */
    public static final int OF_HEAP = -2;
    private static final String FIRST_LINE = "rseq4j ring 1";
    private static final int MAX_BYTES = 1 << 10;
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Path NAMESPACE = Path.of("/proc/self/ns/ipc");

    /**
     * The scope of a segment's number.
     *
     * @param boot the kernel's id of the boot
     * @param namespace the kernel's name of the IPC namespace
     */
    public record Place(String boot, String namespace) {
        /** Returns the scope of this process. */
        public static Place here() {
            return new Place(readBoot(), readNamespace());
        }

        private static String readBoot() {
            try {
                return Files.readString(BOOT).strip();
            } catch (IOException _) {
                return "unknown";
            }
        }

        private static String readNamespace() {
            try {
                return Files.readSymbolicLink(NAMESPACE).toString();
            } catch (IOException _) {
                return "unknown";
            }
        }
    }

    /**
     * Returns the file of a ring whose memory ends with its process.
     *
     * @param id the reason: {@link #OF_PROCESS} or {@link #OF_HEAP}
     * @param uuid the trace's UUID
     * @param bytes the size of the ring
     */
    static RingFile ofProcess(int id, UUID uuid, long bytes) {
        return new RingFile(id, 0, uuid, bytes, Place.here());
    }

    /** Returns the text of the file. */
    public String text() {
        return FIRST_LINE + "\nshmid=" + id + "\ncookie=" + Long.toHexString(cookie) + "\nuuid=" + uuid + "\nbytes="
                + bytes + "\nboot=" + place.boot + "\nnamespace=" + place.namespace + "\n";
    }

    /**
     * Reads a file.
     *
     * @param folder the file's folder
     * @param name the file's name
     * @throws IOException when the file cannot be read, or is not a ring's file
     */
    public static RingFile read(SafeFolder folder, String name) throws IOException {
        String[] lines = new String(folder.read(name, MAX_BYTES), StandardCharsets.UTF_8).split("\n", -1);
        if (!lines[0].equals(FIRST_LINE)) {
            throw new IOException("line 1: is no ring's file of this version, and is left as it is");
        }
        Map<String, String> values = new HashMap<>();
        for (String line : lines) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                values.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        try {
            return new RingFile(Integer.parseInt(value(values, "shmid")),
                    Long.parseUnsignedLong(value(values, "cookie"), 16), UUID.fromString(value(values, "uuid")),
                    Long.parseLong(value(values, "bytes")),
                    new Place(value(values, "boot"), value(values, "namespace")));
        } catch (IllegalArgumentException e) {
            throw new IOException("a number in it cannot be read, and it is left as it is", e);
        }
    }

    private static String value(Map<String, String> values, String key) throws IOException {
        String value = values.get(key);
        if (value == null) {
            throw new IOException(key + "= is missing, and it is left as it is");
        }
        return value;
    }
}
