package io.github.rseq4j.cli.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.cli.trace.SampleTrace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands replace a file as a whole or not at all, and leave no temporary file. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class OutputFileTest {
    @TempDir
    private Path folder = Path.of("");

    private static void write(Path file, String text) {
        OutputFile.write("--output", file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }

    private static Object key(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
    }

    @Test
    void givesANewFileTheUsualPermissions() throws IOException {
        write(folder.resolve("new"), "text");
        Files.writeString(folder.resolve("usual"), "text");
        assertEquals("text", Files.readString(folder.resolve("new")));
        assertEquals(Files.getPosixFilePermissions(folder.resolve("usual")),
                Files.getPosixFilePermissions(folder.resolve("new")));
        assertEquals(List.of("new", "usual"), names());
    }

    @Test
    void replacesAFileAndKeepsItsPermissions() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
        Object key = key(file);
        write(file, "new");
        assertEquals("new", Files.readString(file));
        assertNotEquals(key, key(file), "the file was replaced");
        assertEquals("rwxr-x---", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    /** A write in place would change or truncate the code that a running program has mapped. */
    @Test
    void keepsAMappedImageUnchanged() throws IOException {
        Path image = folder.resolve("librseq4j.so");
        Files.write(image, new byte[1 << 20]);
        try (FileChannel channel = FileChannel.open(image)) {
            MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, 1 << 20);
            assertEquals(0, Run.of("provider", "--output", folder.toString()).exit());
            byte[] bytes = new byte[1 << 20];
            mapped.get(bytes);
            assertArrayEquals(new byte[1 << 20], bytes);
        }
        assertEquals(0x7F, Files.readAllBytes(image)[0]);
        assertEquals(List.of("librseq4j-next.so", "librseq4j.so", "rseq4j.h"), names());
    }

    @Test
    void keepsALinkAndReplacesItsTarget() throws IOException {
        Path below = Files.createDirectory(folder.resolve("below"));
        Files.writeString(below.resolve("file"), "old");
        Files.createSymbolicLink(folder.resolve("second"), Path.of("below/file"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("second"));
        write(link, "new");
        assertEquals("new", Files.readString(below.resolve("file")));
        assertTrue(Files.isSymbolicLink(link) && Files.isSymbolicLink(folder.resolve("second")));
        Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), below.resolve("made"));
        write(dangling, "made");
        assertEquals("made", Files.readString(below.resolve("made")));
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
        assertTrue(assertThrows(InputException.class, () -> write(loop, "never")).toString()
                .endsWith("cannot be written: too many links"));
    }

    @Test
    void keepsTheOldFileWhenTheContentFails() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");
        for (Throwable failure : List.of(new IOException("no room"), new OutOfMemoryError("no room"))) {
            Throwable thrown = assertThrows(Throwable.class, () -> OutputFile.write("--output", file, out -> {
                out.write(new byte[1 << 20]);
                if (failure instanceof Error error) {
                    throw error;
                }
                throw (IOException) failure;
            }));
            assertTrue(String.valueOf(thrown.getMessage()).endsWith("no room"), thrown.toString());
            assertEquals("old", Files.readString(file));
            assertEquals(List.of("file"), names());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"convert --to=chrome --output=/dev/full", "report --html=/dev/full"})
    void reportsAFullDeviceInPlainWords(String command) {
        String[] words = ("trace " + command + " " + SampleTrace.write(folder.resolve("t"), 2000)).split(" ");
        Run run = Run.of(words);
        assertEquals(5, run.exit());
        assertTrue(run.onlyError().endsWith("=/dev/full: cannot be written: no space left on device"), run.err());
    }

    @Test
    void writesToADevice() throws IOException {
        Object key = key(Path.of("/dev/null"));
        write(Path.of("/dev/null"), "text");
        assertEquals(key, key(Path.of("/dev/null")));
    }

    @Test
    void writesToAFifo() throws Exception {
        Path fifo = folder.resolve("fifo");
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        Process reader = new ProcessBuilder("cat", fifo.toString()).start();
        write(fifo, "through");
        try (InputStream in = reader.getInputStream()) {
            assertEquals("through", new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
        assertEquals(List.of("fifo"), names());
    }

    @Test
    void appendsToAnOpenFileOfTheProcess() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "before ");
        Object key = key(file);
        try (FileChannel channel = FileChannel.open(file)) {
            assertTrue(channel.isOpen());
            Path descriptor;
            try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
                descriptor = open.filter(each -> isSame(each, file)).findFirst().orElseThrow();
            }
            write(Path.of("/dev/fd").resolve(descriptor.getFileName()), "after");
        }
        assertEquals("before after", Files.readString(file));
        assertEquals(key, key(file));
    }

    private static boolean isSame(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"folder", "no/such/file", "file/below"})
    void reportsAFileThatCannotBeWritten(String name) throws IOException {
        Files.createDirectory(folder.resolve("folder"));
        Files.createFile(folder.resolve("file"));
        String trace = SampleTrace.write(folder.resolve("trace"), 1).toString();
        for (String option : List.of("--output=", "--html=")) {
            String[] words = {"trace", option.equals("--html=") ? "report" : "convert", trace,
                option + folder.resolve(name), "--to=chrome"};
            Run run = Run.of(option.equals("--html=") ? Arrays.copyOf(words, 4) : words);
            assertEquals(5, run.exit());
            assertTrue(run.onlyError().contains(option + folder.resolve(name) + ": cannot be written: "), run.err());
            assertFalse(run.err().contains("Exception"), run.err());
            assertEquals(List.of("file", "folder", "trace"), names());
        }
    }

    private InputException refusal(String name) {
        return assertThrows(InputException.class, () -> OutputFile.requireWritable("--output", folder.resolve(name)));
    }

    @Test
    void refusesAPathThatIsNoFileBeforeTheContentIsMade() throws IOException {
        Files.createDirectory(folder.resolve("folder"));
        Files.createFile(folder.resolve("file"));
        Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("none/made"));
        for (List<String> each : List.of(List.of("folder", "it is a folder; name a file"),
                List.of("no/file", "its folder does not exist; make it first"),
                List.of("dangling", "its folder does not exist; make it first"),
                List.of("file/below", "its folder is a file; name a file in a folder"))) {
            InputException refused = refusal(each.getFirst());
            assertEquals("--output=" + folder.resolve(each.getFirst()) + ": cannot be written: " + each.getLast(),
                    refused.getMessage());
            assertEquals(ExitStatus.USAGE, refused.status());
        }
        Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
        assertEquals(ExitStatus.CANNOT, refusal("loop").status());
        assertEquals(ExitStatus.USAGE, assertThrows(InputException.class, () -> OutputFile.requireWritable("--output",
                Path.of(""))).status());
    }

    @Test
    void acceptsAPathThatCanBeWritten() throws IOException {
        Files.writeString(folder.resolve("old"), "old");
        Files.createSymbolicLink(folder.resolve("link"), folder.resolve("made"));
        for (String name : List.of("new", "old", "link", "/dev/null", "/dev/stdout")) {
            OutputFile.requireWritable("--output", folder.resolve(name));
        }
        assertEquals(List.of("link", "old"), names(), "nothing is made");
        assertEquals("old", Files.readString(folder.resolve("old")));
    }
}
