package io.github.rseq4j.demo.load;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The documents that the load sends: those of a folder, or real ones from the JDK. Immutable. */
public final class Documents {
    /** The greatest document, in bytes: some requests at a time parse one each, in a heap of bounded size. */
    static final int MAX_BYTES = 1 << 20;
    private static final int MAX_DOCUMENTS = 10_000;
    private static final long MAX_ALL_BYTES = 64L << 20;
    private static final String OPTION = "--input=";
    private static final String ENDING = ".json";
    private static final String REMEDY = "give a folder with files *.json that can be read";

    private final JsonMapper json = new JsonMapper();
    private final List<Document> all = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    /** The reason for which Jackson refuses the first document that it refuses: no JSON, or beyond its limits. */
    private String firstFault = "";
    private final String source;

    /**
     * Reads the documents.
     *
     * @param folder a folder, whose files {@code *.json} are read, also in subfolders; or such a file; or null for
     *     documents from the JDK
     * @throws InputException if the folder cannot be read, or has no document that can be sent
     */
    public Documents(@Nullable Path folder) {
        if (folder == null) {
            source = "the JDK's modules, time zones and locales";
            all.addAll(JdkDocuments.all());
            return;
        }
        source = Printable.name(folder.toString());
        try {
            read(folder);
        } catch (IOException | UncheckedIOException e) {
            throw InputException.unreadable(OPTION + source, folder, e, REMEDY);
        }
    }

    private void read(Path folder) throws IOException {
        if (folder.toString().isEmpty() || Files.notExists(folder)) {
            throw new InputException(OPTION + source + ": there is no such folder; " + REMEDY);
        }
        List<Path> files;
        try (Stream<Path> below = Files.walk(folder.toRealPath())) {
            files = below.filter(file -> file.toString().endsWith(ENDING)
                    && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)).sorted().toList();
        }
        List<String> large = new ArrayList<>();
        long bytes = 0;
        int left = 0;
        for (Path file : files) {
            byte[] content = content(file);
            if (content.length > MAX_BYTES) {
                large.add(Printable.name(file.toString()));
            } else if (all.size() == MAX_DOCUMENTS || bytes + content.length > MAX_ALL_BYTES) {
                left++;
            } else {
                bytes += content.length;
                all.add(document(Printable.name(file.toString()), content));
            }
        }
        if (!large.isEmpty()) {
            notes.add(large.size() + " of " + files.size() + " documents are left out, because they have more than "
                    + MAX_BYTES + " bytes; the first one is " + large.getFirst());
        }
        if (left > 0) {
            notes.add(left + " of " + files.size() + " documents are left out, because the others are " + all.size()
                    + " with " + bytes + " bytes");
        }
        long refused = all.stream().filter(each -> !each.isJson()).count();
        if (refused == all.size()) {
            throw new InputException(OPTION + source + ": has no document to send; " + (files.isEmpty()
                    ? "it has no file *.json" : !large.isEmpty() && all.isEmpty() ? "each has more than " + MAX_BYTES
                    + " bytes" : all.size() + " of its files *.json are not JSON, the first one is "
                    + all.getFirst().name() + " (" + firstFault + ")") + "; give a folder with JSON documents of at"
                    + " most " + MAX_BYTES + " bytes");
        }
        if (refused > 0) {
            notes.add(refused + " of " + all.size() + " documents are not JSON; the service refuses them with status"
                    + " 400; the first one is "
                    + all.stream().filter(each -> !each.isJson()).map(Document::name).findFirst().orElse("")
                    + " (" + firstFault + ")");
        }
    }

    /** Returns the content of a file, or its first part, which is longer than a document may be. */
    private static byte[] content(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return in.readNBytes(MAX_BYTES + 1);
        }
    }

    private Document document(String name, byte[] bytes) {
        boolean isJson = true;
        try {
            // As the service does: a document that can be read may be nested too deeply to be written in an answer.
            byte[] _ = json.writeValueAsBytes(Map.of("document", json.readValue(bytes, JsonNode.class)));
        } catch (JacksonException e) {
            isJson = false;
            firstFault = firstFault.isEmpty() ? Printable.text(e.getOriginalMessage().lines().findFirst().orElse(""))
                    : firstFault;
        }
        return new Document(name, bytes, isJson);
    }

    Document get(long number) {
        return all.get((int) (number % all.size()));
    }

    /** Returns the number of documents. */
    public int size() {
        return all.size();
    }

    /** Returns the size of all documents, in bytes. */
    public long bytes() {
        return all.stream().mapToLong(each -> each.bytes().length).sum();
    }

    /** Returns the size of the largest document, in bytes. */
    long largestBytes() {
        return all.stream().mapToLong(each -> each.bytes().length).max().orElse(0);
    }

    /** Returns where they are from. */
    public String source() {
        return source;
    }

    /** Returns sentences on documents that are left out, or are not JSON. */
    public List<String> notes() {
        return List.copyOf(notes);
    }
}
