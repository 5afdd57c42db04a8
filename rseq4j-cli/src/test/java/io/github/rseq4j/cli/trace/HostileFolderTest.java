package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Folders from an untrusted source: each command with each kind of file in the place of a trace's file. The command
 * must end with status 2, name the file and the reason in lines of its own, and show the rest.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class HostileFolderTest {
    private static final long HUGE = 8L << 40;
    private static final int EVENTS = 600;
    private static final List<String> COMMANDS = List.of("view", "view --json", "summary", "convert --to=chrome",
            "report --html=PAGE", "recover");

    @TempDir
    private Path folder = Path.of("");

    /** The kinds of files in the place of a trace's file. */
    enum Thing {
        FIFO("it is a device, a FIFO or a socket"), FOLDER("it is a folder"), LINK_TO_A_DEVICE("it is a link"),
        LINK_TO_ITSELF("it is a link"), LINK_TO_NOTHING("it is a link"), LINK_TO_A_TRACE("it is a link");

        private final String told;

        Thing(String told) {
            this.told = told;
        }

        void put(Path file) throws IOException, InterruptedException {
            Path aside = file.resolveSibling("aside");
            Files.move(file, aside);
            switch (this) {
                case FIFO -> assertEquals(0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor());
                case FOLDER -> Files.createDirectory(file);
                case LINK_TO_A_DEVICE -> Files.createSymbolicLink(file, Path.of("/dev/zero"));
                case LINK_TO_ITSELF -> Files.createSymbolicLink(file, file);
                case LINK_TO_NOTHING -> Files.createSymbolicLink(file, file.resolveSibling("nothing"));
                case LINK_TO_A_TRACE -> Files.createSymbolicLink(file, aside);
            }
        }
    }

    static Stream<Arguments> things() {
        return Stream.of("metadata", "channel_0").flatMap(file -> Stream.of(Thing.values())
                .map(thing -> Arguments.of(file, thing)));
    }

    private Run run(String command, Path trace) {
        List<String> words = new ArrayList<>(List.of(command.replace("PAGE", folder.resolve("page").toString())
                .split(" ")));
        words.add(0, "trace");
        words.add(2, trace.toString());
        return Run.of(words.toArray(String[]::new));
    }

    private static void assertReported(String at, Run run, String told) {
        assertReported(at, 4, run, told);
    }

    private static void assertReported(String at, int exit, Run run, String told) {
        assertEquals(exit, run.exit(), at + run);
        assertTrue(run.err().contains(told), at + run.err());
        assertFalse(run.err().contains("Exception"), at + run.err());
        run.err().lines().forEach(line -> assertTrue(line.startsWith("rseq4j: "), at + line));
    }

    @ParameterizedTest
    @MethodSource("things")
    void reportsAndSkipsNonRegularFiles(String name, Thing thing) throws Exception {
        Path trace = SampleTrace.write(folder.resolve("trace"), EVENTS);
        Files.createDirectory(trace.resolve(".rings"));
        Files.createFile(trace.resolve(".rings/lock"));
        thing.put(trace.resolve(name));
        for (String command : COMMANDS) {
            if (!command.equals("recover") || name.equals("metadata")) {
                // No folder can be used without its metadata: nothing is recovered.
                int exit = command.equals("recover") ? 5 : 4;
                assertReported(command + ": ", exit, run(command, trace), name);
                assertReported(command + ": ", exit, run(command, trace), thing.told);
            }
        }
        if (name.equals("channel_0")) {
            assertEquals(EVENTS * 3 / 2, run("view", trace).out().lines().count(), "the other stream is shown");
        }
    }

    /** Holes of a sparse file are skipped: reading eight tebibytes of zeros would take an hour. */
    @ParameterizedTest
    @CsvSource({"view, false", "view, true", "summary, true", "convert --to=chrome, true", "report --html=PAGE, true"})
    void skipsAHoleOfTebibytes(String command, boolean isFollowed) throws IOException {
        Path trace = SampleTrace.write(folder.resolve("trace"), EVENTS);
        Path channel = trace.resolve("channel_0");
        byte[] bytes = Files.readAllBytes(channel);
        try (RandomAccessFile file = new RandomAccessFile(channel.toFile(), "rw")) {
            file.setLength(HUGE);
            if (isFollowed) {
                file.seek(HUGE);
                file.write(bytes, 0, 4096);
            }
        }
        Run run = run(command, trace);
        assertReported(command, run, "channel_0: offset " + bytes.length + ": no packet of this trace begins here");
        if (command.equals("view")) {
            long first = run.out().lines().count();
            assertTrue(isFollowed ? first > EVENTS * 3 : first == EVENTS * 3, first + " events");
        }
    }

    /** A packet whose size is that of the file; the zeros in it are not events. */
    @Test
    void findsNoEventsInAHoleOfAPacket() throws IOException {
        Path trace = SampleTrace.write(folder.resolve("trace"), 1);
        Path channel = trace.resolve("channel_0");
        try (RandomAccessFile file = new RandomAccessFile(channel.toFile(), "rw")) {
            file.setLength(HUGE);
            for (long offset : new long[] {48, 56}) {
                file.seek(offset);
                file.writeLong(Long.reverseBytes(HUGE * Byte.SIZE));
            }
        }
        Run run = run("view", trace);
        assertReported("view", run, "record: zeros, as where nothing was written");
        assertEquals(3, run.out().lines().count());
    }

    @Test
    void reportsAndKeepsAFolderInThePlaceOfARing() throws IOException {
        Path trace = SampleTrace.write(folder.resolve("trace"), 1);
        Files.createDirectories(trace.resolve(".rings/ring_0"));
        Run run = run("recover", trace);
        assertReported("recover", run, "ring_0");
        assertTrue(Files.isDirectory(trace.resolve(".rings/ring_0")));
    }

    @Test
    void followsNoLinkAndReadsNoDeviceInTheDemo() throws Exception {
        Path data = Files.createDirectory(folder.resolve("data"));
        Files.writeString(data.resolve("text"), "abc\n");
        Files.createSymbolicLink(data.resolve("link"), Path.of("/dev/zero"));
        Files.createSymbolicLink(data.resolve("again"), data.resolve("text"));
        assertEquals(0, new ProcessBuilder("mkfifo", data.resolve("fifo").toString()).start().waitFor());
        Run run = Run.of("demo", "--bytes", data.toString());
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().startsWith("4 bytes in 1 file,"), run.out());
        for (String device : List.of("/dev/zero", data.resolve("fifo").toString(), data.resolve("link").toString())) {
            Run refused = Run.of("demo", "--bytes", device);
            assertEquals(2, refused.exit(), device);
            assertTrue(refused.onlyError().contains("is neither a file nor a folder"), refused.err());
        }
    }
}
