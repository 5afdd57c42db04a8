package io.github.rseq4j.demo;

import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** The folder and the processes of a demo. None of them is left, also when this process is told to end. */
final class TemporaryFiles implements AutoCloseable {
    private final Path folder;
    private final List<Process> processes = new CopyOnWriteArrayList<>();
    private final Thread atExit = new Thread(this::exit, "demo-exit");
    private volatile boolean isEnding;

    TemporaryFiles() {
        try {
            folder = Files.createTempDirectory("rseq4j-demo-" + ProcessHandle.current().pid() + "-");
        } catch (IOException e) {
            throw InputException.cannot("a folder for temporary files cannot be made: " + e
                    + "; name another place by RSEQ4J_JAVA_OPTS=-Djava.io.tmpdir=DIR");
        }
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Returns the path of a file or folder that is not there yet. */
    Path path(String name) {
        return folder.resolve(name);
    }

    /** Makes an empty folder. */
    Path folder(String name) throws IOException {
        return Files.createDirectory(path(name));
    }

    /** Ends a process together with this one. */
    void add(Process process) {
        processes.add(process);
    }

    private void exit() {
        isEnding = true;
        remove();
    }

    /** Returns whether this process was told to end; then the services end, too. */
    boolean isEnding() {
        return isEnding;
    }

    private void remove() {
        processes.forEach(Process::destroy);
        processes.forEach(ServiceProcess::end);
        delete(folder);
    }

    /** Deletes a file, or a folder with its files, as far as it can be. */
    static void delete(Path path) {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            System.err.println("rseq4j: temporary files are left in " + path + ": " + e);
        }
    }

    @Override
    public void close() {
        remove();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The process ends: the hook finds nothing.
        }
    }
}
