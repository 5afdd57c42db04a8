package io.github.rseq4j.agent.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.testing.Tool;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another JVM has the table, with 5,000 methods. */
final class TableProcessTest {
    private static final String NEVER = "-D" + Engine.REGISTRATION_PROPERTY + "=never";
    private static final String NOBODY = "65534";

    private static void assertReads(Process process, String whyCopied) throws TableException, IOException {
        try (MethodTableReader reader = MethodTableReader.open(process.pid())) {
            TableReading reading = reader.read();
            assertTrue(reading.whyCopied().startsWith(whyCopied), reading::whyCopied);
            assertEquals(whyCopied.isEmpty(), reading.whyCopied().isEmpty());
            List<MethodRow> rows = reading.rows();
            assertEquals(TableProcess.METHODS, rows.size());
            for (int site = 0; site < TableProcess.METHODS; site++) {
                MethodRow row = rows.get(site);
                assertEquals("com.acme.Class" + site / 10, row.className());
                assertEquals("method" + site % 10, row.method());
                assertEquals("(Ljava/lang/String;)V", row.descriptor());
                assertEquals(site, row.calls());
                boolean isTimed = site % 2 == 1;
                assertEquals(isTimed ? "time" : "count", row.mode());
                assertEquals(isTimed ? reading.nanos(1000L * site * (site + 1) / 2) : 0, row.totalNanos());
                assertEquals(isTimed ? reading.nanos(TableProcess.ticks(site - 1)) : 0, row.maxNanos());
                assertPercentile(reading, isTimed ? TableProcess.ticks((site - 1) / 2) : 0, row.p50Nanos());
            }
        }
    }

    /** The percentile is the upper bound of a bucket. */
    private static void assertPercentile(TableReading reading, long ticks, long nanos) {
        assertTrue(nanos >= reading.nanos(ticks) && nanos <= reading.nanos(ticks + ticks / 16), ticks + ": " + nanos);
    }

    private static void end(Process process) throws IOException, InterruptedException {
        process.getOutputStream().close();
        assertEquals(0, process.waitFor());
    }

    @Test
    void readsFiveThousandMethodsOfAnotherJvm() throws IOException, InterruptedException, TableException {
        assumeTrue(Engine.get().hasKernelPages(), "the table of the fallback is a copy");
        Process process = TableProcess.start(List.of());
        assertReads(process, "");
        MethodTableReader reader = MethodTableReader.open(process.pid());
        end(process);
        assertEquals("pid=" + process.pid() + ": the process has ended",
                assertThrows(TableException.class, reader::read).getMessage());
        reader.close();
    }

    @Test
    void readsTheCopiesOfTheFallback() throws IOException, InterruptedException, TableException {
        Process process = TableProcess.start(List.of(), NEVER);
        assertReads(process, "rseq is not available: switched off");
        end(process);
    }

    @Test
    void readsAFileWhereNoMemoryFileCanBeMade() throws IOException, InterruptedException, TableException {
        List<String> filter = new ArrayList<>(TableProcess.java());
        filter.addAll(List.of("io.github.rseq4j.kernel.Seccomp",
                Integer.toString(SystemCall.MEMFD_CREATE.number()), "-1", "0", Integer.toString(Errno.EPERM)));
        Process process = TableProcess.start(filter, NEVER);
        assertReads(process, "rseq is not available");
        end(process);
        if (Engine.get().hasKernelPages()) {
            Process onSections = TableProcess.start(filter);
            assertReads(onSections, "the kernel refused shared memory: memfd_create");
            end(onSections);
        }
    }

    @Test
    void countsAlsoWhereNoFileCanBeMade() throws IOException, InterruptedException {
        List<String> filter = new ArrayList<>(TableProcess.java());
        filter.addAll(List.of("io.github.rseq4j.kernel.Seccomp",
                Integer.toString(SystemCall.MEMFD_CREATE.number()), "-1", "0", Integer.toString(Errno.EPERM)));
        Process process = TableProcess.start(filter, "-Djava.io.tmpdir=/nowhere");
        assertThrows(TableException.class, () -> MethodTableReader.open(process.pid()));
        end(process);
    }

    /** A table that does not fit into the limit has fewer histograms. */
    @Test
    void worksWithLittleAddressSpace() throws IOException, InterruptedException, TableException {
        assumeTrue(Engine.get().hasKernelPages(), "the table of the fallback is a copy");
        String[] options = {"-Xmx64m", "-XX:CompressedClassSpaceSize=64m", "-XX:ReservedCodeCacheSize=64m"};
        Process unlimited = TableProcess.start(List.of(), options);
        long fileBytes = Files.size(link(unlimited));
        long usedKib = Files.readAllLines(Path.of("/proc/" + unlimited.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmSize:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).sum();
        end(unlimited);
        Process process = TableProcess.start(List.of("sh", "-c", "ulimit -v " + (usedKib - fileBytes / 1024 * 2 / 5)
                + "; exec \"$@\"", "sh"), options);
        assertTrue(Files.size(link(process)) < fileBytes);
        assertReads(process, "");
        end(process);
    }

    /** The seals refuse what could send the JVM a signal or change its counts, also to root. */
    @Test
    void letsNoOtherProcessChangeTheTable() throws IOException, InterruptedException, TableException {
        assumeTrue(Engine.get().hasKernelPages(), "the table of the fallback is a copy");
        Process process = TableProcess.start(List.of());
        Path link = link(process);
        for (String[] command : new String[][] {{"truncate", "-s", "0", link.toString()},
                {"truncate", "-s", "+1M", link.toString()}, {"fallocate", "-p", "-l", "1M", link.toString()},
                {"dd", "if=/dev/zero", "of=" + link, "bs=4k", "count=1", "conv=notrunc"}}) {
            assertNotEquals(0, new ProcessBuilder(command).start().waitFor(), String.join(" ", command));
        }
        assertReads(process, "");
        end(process);
    }

    @Test
    void isReadByTheSameUserAndByRootAlone(@TempDir Path folder) throws IOException, InterruptedException {
        Tool.require(Files.getOwner(Path.of("/proc/self")).getName().equals("root"), "root");
        // Other users may not be able to enter the folder of the build.
        List<String> classPath = new ArrayList<>();
        for (String each : TableProcess.classPath().split(File.pathSeparator, -1)) {
            if (each.contains("rseq4j")) {
                Path copy = folder.resolve(Integer.toString(classPath.size()) + Path.of(each).getFileName());
                run("cp", "-rL", each, copy.toString());
                classPath.add(copy.toString());
            }
        }
        run("chmod", "-R", "a+rX", folder.toString());
        List<String> nobody = new ArrayList<>(List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY,
                "--clear-groups", Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp",
                String.join(File.pathSeparator, classPath), TableProcess.class.getName()));
        Process ofRoot = TableProcess.start(List.of());
        Process ofNobody = TableProcess.started(nobody);
        String methods = Integer.toString(TableProcess.METHODS);
        assertEquals("pid=" + ofRoot.pid() + ": the process is another user's, root, or may not be inspected: run"
                + " rseq4j as that user, or as root", read(nobody, ofRoot.pid()));
        assertEquals(methods, read(nobody, ofNobody.pid()));
        List<String> root = new ArrayList<>(TableProcess.java());
        root.add(TableProcess.class.getName());
        assertEquals(methods, read(root, ofNobody.pid()));
        end(ofRoot);
        end(ofNobody);
    }

    /** In its PID and mount namespace, the process is process 1. */
    @Test
    void isReadInAContainerByRootWithTheCapability() throws IOException {
        Tool.require(Files.getOwner(Path.of("/proc/self")).getName().equals("root"), "root");
        Process container = TableProcess.start(List.of("unshare", "--mount", "--pid", "--fork", "--mount-proc"));
        try {
            ProcessHandle inside = container.children().findFirst().orElseThrow();
            List<String> root = new ArrayList<>(TableProcess.java());
            root.add(TableProcess.class.getName());
            assertEquals(Integer.toString(TableProcess.METHODS), read(root, inside.pid()));
            List<String> less = new ArrayList<>(List.of("setpriv", "--bounding-set", "-sys_ptrace"));
            less.addAll(root);
            assertEquals("pid=" + inside.pid() + ": the kernel does not let root inspect this process of root here:"
                    + " give rseq4j the capability CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE), or run it as root"
                    + " outside of the container", read(less, inside.pid()));
        } finally {
            container.children().forEach(ProcessHandle::destroyForcibly);
            container.destroyForcibly().onExit().join();
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder(command).start().waitFor(), String.join(" ", command));
    }

    private static String read(List<String> command, long pid) throws IOException {
        List<String> all = new ArrayList<>(command);
        all.add(Long.toString(pid));
        return new ProcessBuilder(all).redirectError(ProcessBuilder.Redirect.DISCARD).start().inputReader().readLine();
    }

    private static Path link(Process process) throws IOException {
        try (Stream<Path> links = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
            for (Path link : links.toList()) {
                if (Files.readSymbolicLink(link).toString().contains(TableLayout.FILE_NAME)) {
                    return link;
                }
            }
        }
        throw new IOException("no table");
    }
}
