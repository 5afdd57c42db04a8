package io.github.rseq4j.demo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class DocumentsTest {
    @TempDir
    private Path folder = Path.of("");

    private void file(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private static String refusal(Path folder) {
        return String.valueOf(assertThrows(InputException.class, () -> new Documents(folder)).getMessage());
    }

    @Test
    void hasDifferentRealDocumentsByDefault() {
        Documents documents = new Documents(null);
        assertTrue(documents.size() > 80, documents.size() + " documents");
        assertEquals(List.of(), documents.notes());
        long[] sizes = LongStream.range(0, documents.size()).map(i -> documents.get(i).bytes().length).sorted()
                .toArray();
        assertTrue(sizes[sizes.length - 1] > 20 * sizes[0], sizes[0] + " to " + sizes[sizes.length - 1]);
        JsonMapper json = new JsonMapper();
        for (int i = 0; i < documents.size(); i++) {
            assertTrue(json.readTree(documents.get(i).bytes()).isObject(), documents.get(i).name());
        }
    }

    @Test
    void readsAllFilesThatEndWithJson() throws IOException {
        file("a.json", "{\"a\": 1}");
        file("b/c.json", "[1, 2]");
        file("b/readme.txt", "no document");
        Files.createSymbolicLink(folder.resolve("link.json"), folder.resolve("a.json"));
        Documents documents = new Documents(folder);
        assertEquals(2, documents.size());
        assertEquals(14, documents.bytes());
        assertEquals(List.of(), documents.notes());
        assertTrue(documents.get(3).isJson());
    }

    @Test
    void keepsDocumentsThatAreNotJsonForTheServiceToRefuse() throws IOException {
        file("a.json", "{\"a\": 1}");
        file("b.json", "{\"a\": ");
        file("c.json", "");
        file("d.json", "[".repeat(600) + "]".repeat(600));
        Documents documents = new Documents(folder);
        assertEquals(4, documents.size());
        String note = documents.notes().getFirst();
        assertTrue(note.startsWith("3 of 4 documents are not JSON; the service refuses them with status 400; the first"
                + " one is " + folder.toRealPath().resolve("b.json") + " (Unexpected end-of-input"), note);
        assertTrue(documents.get(0).isJson());
        for (int i = 1; i < 4; i++) {
            assertFalse(documents.get(i).isJson(), documents.get(i).name());
        }
    }

    /** Many programs read such a document, so "not JSON" alone would be no reason. */
    @Test
    void namesTheLimitOfADocumentThatIsNestedTooDeeply() throws IOException {
        file("deep.json", "[".repeat(600) + "]".repeat(600));
        assertTrue(refusal(folder).contains("nesting depth"), refusal(folder));
    }

    @Test
    void leavesHugeDocumentsOutAndNamesTheFirst() throws IOException {
        file("a.json", "{\"a\": 1}");
        file("huge.json", "\"" + "x".repeat(Documents.MAX_BYTES) + "\"");
        Documents documents = new Documents(folder);
        assertEquals(1, documents.size());
        assertEquals(List.of("1 of 2 documents are left out, because they have more than 1048576 bytes; the first one"
                + " is " + folder.toRealPath().resolve("huge.json")), documents.notes());
    }

    @Test
    void refusesAFolderWithoutAnyDocumentToSend() throws IOException {
        assertTrue(refusal(folder.resolve("none")).contains("there is no such folder"));
        assertTrue(refusal(Path.of("")).contains("there is no such folder"));
        assertEquals("--input=" + folder + ": has no document to send; it has no file *.json; give a folder with JSON"
                + " documents of at most 1048576 bytes", refusal(folder));
        file("huge.json", "\"" + "x".repeat(Documents.MAX_BYTES) + "\"");
        assertTrue(refusal(folder).contains("each has more than 1048576 bytes"), refusal(folder));
        file("wrong.json", "{");
        assertTrue(refusal(folder).contains("1 of its files *.json are not JSON, the first one is "), refusal(folder));
    }

    /** Root may read every file: the test takes names that no one can open. */
    @Test
    void namesAFileThatCannotBeRead() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "{}");
        assertEquals("--input=" + file.resolve("below") + ": there is no such folder; give a folder with files *.json"
                + " that can be read", refusal(file.resolve("below")));
        Path loop = folder.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        InputException refused = assertThrows(InputException.class, () -> new Documents(loop));
        assertEquals(2, refused.status());
        assertEquals("--input=" + loop + ": cannot be read: too many levels of symbolic links; give a folder with files"
                + " *.json that can be read",
                String.valueOf(refused.getMessage()).replace(" or unable to access attributes of symbolic link", ""));
    }

    @Test
    void readsNeitherLinksNorFoldersNorPipesThatAreNamedLikeDocuments() throws IOException, InterruptedException {
        file("a.json/b.json/c.json", "{}");
        assertEquals(0, new ProcessBuilder("mkfifo", folder.resolve("pipe.json").toString()).start().waitFor());
        Files.createSymbolicLink(folder.resolve("link.json"), Path.of("/dev/zero"));
        Files.createSymbolicLink(folder.resolve("above"), folder);
        assertEquals(1, new Documents(folder).size());
        assertTrue(refusal(folder.resolve("pipe.json")).contains("it has no file *.json"));
    }

    @Test
    void boundsTheLoadByTheLargestDocument() throws IOException {
        file("a.json", "{}");
        try (Load load = new Load(new Documents(folder))) {
            assertEquals(256, load.scheduledClients());
        }
        file("large.json", "\"" + "x".repeat(Documents.MAX_BYTES - 2) + "\"");
        try (Load load = new Load(new Documents(folder))) {
            assertEquals(8, load.scheduledClients());
            assertTrue(load.clients() <= 8);
        }
    }
}
