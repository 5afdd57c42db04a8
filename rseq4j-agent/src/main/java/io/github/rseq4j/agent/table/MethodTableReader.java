package io.github.rseq4j.agent.table;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads the table of another process, or of this one. The process does nothing for that. Used by one thread.
 *
 * <p>Whatever the file has, a reading ends, with a result or with a {@link TableException}. It takes memory for at most
 * 65,536 methods, 56 MiB of names, and the buckets that are not empty.
 */
public final class MethodTableReader implements Closeable {
    /* How it works
     *
     * The file descriptor is found by the targets of the links in /proc/PID/fd: "/memfd:rseq4j-agent (deleted)", or a
     * deleted file whose name begins so. The header is read first, then as many entries as it names, and then the
     * cells. Offsets and lengths are checked against the length of the file. A text is read once: the writer does not
     * change it.
     *
     * If the counts are copied (CopiedTable), then a reading during which the number of copies was odd or has changed
     * is repeated. After a second of such readings the next one is taken as it is: the writer may have stopped in a
     * copy, on a full disk.
     */
    private static final int TRIES = 200;
    private static final long WAIT_NANOS = 5_000_000;
    private static final String IN_MEMORY = "/memfd:" + TableLayout.FILE_NAME + " (deleted)";
    private static final String DELETED = " (deleted)";

    private final long pid;
    private final Path link;
    private final FileChannel file;
    private final Map<Long, String> texts = new HashMap<>();
    private long textBytes;

    MethodTableReader(long pid, Path link, FileChannel file) {
        this.pid = pid;
        this.link = link;
        this.file = file;
    }

    /**
     * Opens the table of a process.
     *
     * @param pid the process
     * @return a reader
     * @throws TableException if there is no such process, it is another user's, or it has no table
     */
    public static MethodTableReader open(long pid) throws TableException {
        Path process = Path.of("/proc", Long.toString(pid));
        if (pid < 1 || !Files.isDirectory(process)) {
            throw new TableException("pid=" + pid + ": there is no such process");
        }
        try {
            Path link = find(process.resolve("fd"));
            if (link == null) {
                throw new TableException("pid=" + pid + ": no agent of rseq4j is in this process: rseq4j attach " + pid
                        + " --method GLOB --mode time attaches it");
            }
            return new MethodTableReader(pid, link, FileChannel.open(link, StandardOpenOption.READ));
        } catch (NoSuchFileException _) {
            throw new TableException("pid=" + pid + ": the process has ended", true);
        } catch (AccessDeniedException _) {
            // The kernel answers so for a process that ends meanwhile, too.
            boolean isThere = Files.isDirectory(process);
            throw new TableException("pid=" + pid + ": " + (isThere
                    ? refusal(owner(process), owner(Path.of("/proc/self"))) : "the process has ended"), !isThere);
        } catch (IOException | DirectoryIteratorException e) {
            throw new TableException("pid=" + pid + ": its open files cannot be read: " + e.getMessage());
        }
    }

    private static String refusal(String user, String own) {
        return own.equals(user) || own.equals("root") ? "the kernel does not let " + own + " inspect this process of "
                + user + " here: give rseq4j the capability CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE), or run"
                + " it as root outside of the container"
                : "the process is another user's, " + user + ", or may not be inspected: run rseq4j as that user, or as"
                + " root";
    }

    private static String owner(Path process) {
        try {
            return Files.getOwner(process).getName();
        } catch (IOException _) {
            return "which is not known";
        }
    }

    private static @Nullable Path find(Path folder) throws IOException {
        try (DirectoryStream<Path> links = Files.newDirectoryStream(folder)) {
            for (Path link : links) {
                try {
                    if (isTable(link) && Files.isRegularFile(link)) {
                        return link;
                    }
                } catch (NoSuchFileException _) {
                    // The file was closed meanwhile.
                }
            }
            return null;
        }
    }

    private static boolean isTable(Path link) throws IOException {
        String target = Files.readSymbolicLink(link).toString();
        return target.equals(IN_MEMORY) || target.endsWith(DELETED)
                && target.startsWith(TableLayout.FILE_NAME, target.lastIndexOf('/') + 1);
    }

    private boolean hasEnded() {
        try {
            return !isTable(link);
        } catch (IOException _) {
            return true;
        }
    }

    /**
     * Reads the counts of all methods.
     *
     * @return the counts
     * @throws TableException if the process has ended, or the table cannot be used
     */
    public TableReading read() throws TableException {
        if (hasEnded()) {
            throw new TableException("pid=" + pid + ": the process has ended", true);
        }
        try {
            return reading();
        } catch (IOException e) {
            throw new TableException("pid=" + pid + ": the agent's table cannot be read: " + e.getMessage());
        } catch (TableException e) {
            throw new TableException("pid=" + pid + ": " + e.getMessage());
        }
    }

    private TableReading reading() throws IOException, TableException {
        for (int i = 0; i < TRIES; i++) {
            long number = copyNumber();
            if (number % 2 == 0) {
                TableReading reading = readingOfAnyCopy();
                if (copyNumber() == number) {
                    return reading;
                }
            }
            LockSupport.parkNanos(WAIT_NANOS);
        }
        return readingOfAnyCopy();
    }

    private long copyNumber() throws IOException, TableException {
        return bytes(TableLayout.COPY_NUMBER_AT, Long.BYTES).getLong(0);
    }

    private TableReading readingOfAnyCopy() throws IOException, TableException {
        long fileBytes = file.size();
        TableHeader header = TableHeader.of(bytes(0, TableLayout.HEADER_BYTES));
        CellSums sums = new CellSums(file, link, fileBytes, header.layout());
        ByteBuffer entries = bytes(TableLayout.ENTRIES_AT, header.count() * TableLayout.ENTRY_BYTES);
        long[] counters = new long[header.count()];
        MethodCounts[] counts = new MethodCounts[header.count()];
        for (int i = 0; i < counts.length; i++) {
            int site = i;
            int entry = i * TableLayout.ENTRY_BYTES;
            sums.ask(entries.getLong(entry + TableLayout.COUNTER_AT), 1, (cells, at) -> counters[site] = cells[at]);
            long max = Math.max(0, entries.getLong(entry + TableLayout.MAX_AT));
            counts[i] = MethodCounts.NONE;
            long histogram = entries.getLong(entry + TableLayout.HISTOGRAM_AT);
            if (histogram != 0) {
                sums.ask(histogram, 2 * header.buckets().size(), (cells, at) ->
                        counts[site] = MethodCounts.of(cells, at, header.buckets().size(), max));
            }
        }
        sums.read();
        List<TableReading.Method> methods = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            methods.add(method(entries, i * TableLayout.ENTRY_BYTES, counts[i].withCounter(counters[i])));
        }
        return new TableReading(header, text(header.reason()), methods);
    }

    private TableReading.Method method(ByteBuffer entries, int at, MethodCounts counts)
            throws IOException, TableException {
        return new TableReading.Method(text(entries.getLong(at + TableLayout.CLASS_AT)),
                text(entries.getLong(at + TableLayout.METHOD_AT)),
                text(entries.getLong(at + TableLayout.DESCRIPTOR_AT)),
                text(entries.getLong(at + TableLayout.MODE_AT)), counts);
    }

    private String text(long word) throws IOException, TableException {
        String known = texts.get(word);
        if (known != null) {
            return known;
        }
        long offset = word >>> Integer.SIZE;
        int length = (int) word;
        if (length < 0 || offset + length > TableLayout.MAX_TEXT_BYTES
                || textBytes + length > TableLayout.MAX_TEXT_BYTES) {
            throw TableHeader.damaged("text=" + Long.toHexString(word));
        }
        String text = StandardCharsets.UTF_8.decode(bytes(TableLayout.TEXTS_AT + offset, length)).toString();
        texts.put(word, text);
        textBytes += length;
        return text;
    }

    private ByteBuffer bytes(long offset, int length) throws IOException, TableException {
        if (offset > file.size() - length) {
            throw TableHeader.damaged("offset=" + offset + ", length=" + length + ", fileBytes=" + file.size());
        }
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
        while (bytes.hasRemaining() && file.read(bytes, offset + bytes.position()) >= 0) {
            // Reads on, until all is read or the file has become shorter: then the rest is 0.
        }
        return bytes.clear();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
