package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CodeMemory;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.testing.Rseqs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Code memory grows, keeps its functions, and is never writable and executable at once (I5). */
final class CodeMemoryKernelTest {
    private static final int FUNCTIONS = 600;

    private static Assembled answering(NativeEngine engine, int answer) {
        return engine.compiler().routine("answer_" + answer, engine.target(), List.of(),
                assembler -> assembler.leave(Operand.imm(answer)));
    }

    @Test
    void growsAndKeepsEveryFunction() throws Throwable {
        NativeEngine engine = Rseqs.require();
        CodeMemory memory = new CodeMemory(engine.compiler());
        List<MachineCode> functions = new ArrayList<>();
        for (int i = 0; i < FUNCTIONS; i++) {
            functions.add(memory.install(List.of(answering(engine, i))).getFirst());
        }
        assertTrue(memory.mappedBytes() >= FUNCTIONS * 4096L, "more than one region: " + memory.mappedBytes());
        for (int i = 0; i < FUNCTIONS; i++) {
            assertEquals(i, (long) Native.critical(functions.get(i).entry(), 0).invokeExact());
        }
    }

    @Test
    void placesTheFunctionsOfOneCallTogether() throws Throwable {
        NativeEngine engine = Rseqs.require();
        List<Assembled> functions = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            functions.add(answering(engine, i));
        }
        List<MachineCode> placed = new CodeMemory(engine.compiler()).install(functions);
        assertTrue(placed.getLast().base() - placed.getFirst().base() < 4096, "40 functions share a page");
        assertEquals(39, (long) Native.critical(placed.getLast().entry(), 0).invokeExact());
    }

    @Test
    void isNeverWritableAndExecutable() throws IOException {
        NativeEngine engine = Rseqs.require();
        CodeMemory memory = new CodeMemory(engine.compiler());
        List<MachineCode> functions = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            functions.add(memory.install(List.of(answering(engine, i))).getFirst());
            long data = memory.data(2);
            assertEquals("rw-p", permissions(data), "data");
            for (MachineCode function : functions) {
                assertEquals("r-xp", permissions(function.base()), "code");
            }
        }
    }

    /** Returns the permissions of the mapping that holds an address, as /proc/self/maps has them. */
    private static String permissions(long address) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            int dash = line.indexOf('-');
            int blank = line.indexOf(' ');
            if (address >= Long.parseUnsignedLong(line.substring(0, dash), 16)
                    && Long.compareUnsigned(address, Long.parseUnsignedLong(line.substring(dash + 1, blank), 16)) < 0) {
                return line.substring(blank + 1, blank + 5);
            }
        }
        return "none";
    }
}
