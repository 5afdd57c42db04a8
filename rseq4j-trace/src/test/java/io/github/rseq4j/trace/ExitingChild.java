package io.github.rseq4j.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Makes a tracer while the JVM exits, which refuses its thread at the end: all but that has been made then. */
final class ExitingChild {
    private ExitingChild() {}

    /** Takes a folder. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        // Else what is made first would be refused by the exit, too.
        Tracer.flightRecorder(folder.resolve("first"), KilledChild.OPTIONS).close();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                Tracer.streaming(folder.resolve("refused"), KilledChild.OPTIONS);
                System.out.println("made");
            } catch (IOException | IllegalStateException e) {
                System.out.println(e.getClass().getSimpleName());
            }
            print(folder.resolve("refused"));
        }));
    }

    private static void print(Path folder) {
        try (Stream<Path> left = Files.list(folder)) {
            System.out.println("files=" + left.map(Path::getFileName).toList());
            String pid = String.valueOf(ProcessHandle.current().pid());
            List<String> segments = Files.readAllLines(Path.of("/proc/sysvipc/shm")).stream()
                    .filter(line -> line.strip().split(" +", -1)[4].equals(pid)).toList();
            System.out.println("segments=" + segments);
        } catch (IOException e) {
            System.out.println(e);
        }
    }
}
