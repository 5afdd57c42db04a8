package io.github.rseq4j.trace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.CodeNames;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.file.SafeFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The names of the JVM's code, in the file of a trace. */
class CodeNamesFileTest {
    @TempDir
    private Path folder = Path.of("");

    private CodeNames names() {
        try (TraceReader reader = new TraceReader(folder)) {
            return reader.codeNames();
        }
    }

    @Test
    void hasTheNamesThatTheJvmLists() throws IOException {
        try (SafeFolder into = SafeFolder.open(folder)) {
            assertTrue(CodeNamesFile.write(into));
            assertTrue(CodeNamesFile.write(into), "a second call replaces the file");
        }
        String interpreter = Files.readAllLines(folder.resolve(".code_names")).stream()
                .filter(line -> line.endsWith(" Interpreter")).findFirst().orElseThrow();
        long start = Long.decode(interpreter.split(" ", 3)[0]);
        long length = Long.decode(interpreter.split(" ", 3)[1]);
        assertEquals("Interpreter", names().name(start));
        assertEquals("Interpreter", names().name(start + length - 1));
        assertTrue(names().size() > 100, names().size() + " names");
    }

    @Test
    void followsNoLink() throws IOException {
        Path other = Files.writeString(folder.resolve("other"), "1000 10 theirs\n");
        Files.createSymbolicLink(folder.resolve(".code_names"), other);
        assertEquals(0, names().size());
        try (SafeFolder into = SafeFolder.open(folder)) {
            assertTrue(CodeNamesFile.write(into));
        }
        assertTrue(Files.isRegularFile(folder.resolve(".code_names"), LinkOption.NOFOLLOW_LINKS));
        assertEquals("1000 10 theirs\n", Files.readString(other));
    }

    @Test
    void readsDamagedLinesAsNoNames() throws IOException {
        Files.writeString(folder.resolve(".code_names"), "\nxyz\n0x10 0x\n1000 10 a b(c)\n0xffffffffffffff00 ff high\n"
                + "123456789012345678901234567890 10 long\n2000 0 empty\n" + "3000 10 " + "n".repeat(1000) + "\n");
        CodeNames names = names();
        assertEquals("a b(c)", names.name(0x1000));
        assertEquals("a b(c)", names.name(0x100F));
        assertNull(names.name(0x1010));
        assertNull(names.name(0xFFF));
        assertNull(names.name(0x2000));
        assertEquals("high", names.name(-256));
        assertNull(names.name(-1));
        assertEquals("n".repeat(300) + "...", names.name(0x3000));
        assertEquals(4, names.size());
    }

    @Test
    void isEmptyWithoutTheFile() {
        assertEquals(0, names().size());
        assertNull(names().name(0));
    }
}
