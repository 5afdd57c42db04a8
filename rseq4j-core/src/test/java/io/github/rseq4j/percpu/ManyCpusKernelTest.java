package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.ChildJvm;
import io.github.rseq4j.testing.Rseqs;
import io.github.rseq4j.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every structure is exact on a machine with many possible CPUs, and takes the memory of the CPUs that it uses. The
 * machine is this one, with another list of possible CPUs mounted over its own.
 */
final class ManyCpusKernelTest {
    private static final String POSSIBLE = "/sys/devices/system/cpu/possible";
    private static final List<String> STRUCTURES = List.of("first", "PerCpuCounters", "FusedCounters",
            "PerCpuDoubleCounter", "PerCpuHistogram", "PerCpuStack", "PerCpuStack.close", "PerCpuByteStack",
            "PerCpuPool", "PerCpuRing", "PerCpuByteRing", "PerCpuLock", "PerCpuItems", "fence");
    /** A heap whose pages are all resident from the beginning, so that they are no cost of a structure. */
    private static final List<String> HEAP = List.of("-XX:+UseSerialGC", "-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch");
    private static final long MIB = 1024;
    /** Threads, compiled code and classes that are no cost of a structure. */
    private static final long NOISE_KIB = 12 * MIB;
    /** The mappings of an image are 32 at most; the others are those of threads, which come and go. */
    private static final long MAPPINGS = 32 + 16;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {512, 8192})
    void structuresAreExactAndTakeTheMemoryOfTheCpusInUse(int cpus) throws IOException {
        Rseqs.require();
        List<String> program = ChildJvm.java(options(), ManyCpusChild.class);
        ChildJvm few = ChildJvm.start(program, Map.of());
        ChildJvm many = ChildJvm.start(among(cpus, program), Map.of());
        assertEquals("true", many.get("done"), many.output());
        assertEquals("true", many.get("available"), many.output());
        assertEquals(String.valueOf(cpus), many.get("limit"), many.output());
        for (String name : STRUCTURES) {
            assertTrue(many.get(name).startsWith("exact "), name + "\n" + many.output());
            long[] cost = cost(many, name);
            assertTrue(cost[0] <= MAPPINGS, name + "\n" + many.output());
            // A structure makes one range at most: of cells or of items.
            assertTrue(cost[1] <= (cpus + 1) * MIB + NOISE_KIB, name + "\n" + many.output());
        }
        long[] start = cost(many, "start");
        long[] base = cost(few, "start");
        assertTrue(start[0] - base[0] <= MAPPINGS, few.output() + many.output());
        assertTrue(start[1] - base[1] <= (cpus + 1) * MIB + NOISE_KIB, few.output() + many.output());
        assertTrue(start[2] - base[2] <= NOISE_KIB, few.output() + many.output());
        for (String name : List.of("first", "PerCpuCounters", "FusedCounters", "PerCpuDoubleCounter",
                "PerCpuHistogram", "PerCpuStack", "PerCpuByteStack", "PerCpuByteRing")) {
            assertTrue(cost(many, name)[2] <= NOISE_KIB, name + "'s updates\n" + many.output());
        }
    }

    private static List<String> options() {
        List<String> options = new ArrayList<>(ChildJvm.NATIVE);
        options.addAll(HEAP);
        return options;
    }

    /** Returns mappings, and KiB of address space, memory and page tables: of the updates, and then of the reading. */
    private static long[] cost(ChildJvm child, String name) {
        return Arrays.stream(child.get(name).split(" ", -1)).skip(1).mapToLong(Long::parseLong).toArray();
    }

    private List<String> among(int cpus, List<String> program) throws IOException {
        Path list = Files.writeString(folder.resolve("possible"), "0-" + (cpus - 1) + "\n");
        List<String> command = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c",
                "mount --bind '" + list + "' " + POSSIBLE + " && exec \"$@\"", "sh"));
        List<String> tried = new ArrayList<>(command);
        tried.add("true");
        Tool.require(Tool.run("util-linux", Map.of(), tried).exit() == 0, "a mount namespace needs root");
        command.addAll(program);
        return command;
    }
}
