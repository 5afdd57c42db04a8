package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.common.TraceTime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * If the kernel refuses a resource of a tracer, the tracer fails with the reason, and later tracers work.
 *
 * <pre>
 * refused, late                              twice the same                                   left      later
 * executable memory, before all              IOException, mprotect, EACCES                    nothing   fine
 * executable memory, after the clock's       IOException, mprotect, EACCES                    nothing   fine
 * executable memory, before native code's    IllegalStateException, mprotect, EACCES          -         fine
 * pages for a ring                           IOException, madvise, ENOMEM                     nothing   fine
 * address space for a ring                   IOException, mmap, ENOMEM                        nothing   fine
 * </pre>
 */
final class RefusedTracerKernelTest {
    @ParameterizedTest
    @CsvSource({
        "CODE,           java.io.IOException:, mprotect(length=, EACCES",
        "CODE_OF_EVENTS, java.io.IOException:, mprotect(length=, EACCES",
        "CODE_OF_NATIVE, java.lang.IllegalStateException:, mprotect(length=, EACCES",
        "PAGES,          java.io.IOException:, madvise(MADV_POPULATE_WRITE, ENOMEM",
        "SPACE,          java.io.IOException:, mmap(length=, ENOMEM"})
    void namesTheRefusedCallAndLeavesNothing(RefusedChild.Refused refused, String exception, String call, String errno,
            @TempDir Path folder) throws Exception {
        assumeTrue(Rseq.availability().available(), "the refused calls are made with rseq only");
        assumeTrue(refused != RefusedChild.Refused.CODE_OF_NATIVE || !TraceTime.isGiven(), "it needs the counter");
        Path root = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
        List<String> command = new ArrayList<>(Child.java(List.of("-XX:TieredStopAtLevel=1"), RefusedChild.class,
                refused.name(), folder.toString()));
        int classes = command.indexOf("-cp") + 1;
        command.set(classes, command.get(classes) + ":" + root.resolve("rseq4j-core/target/test-classes"));
        List<String> output = Child.output(Map.of(), command).lines().toList();
        assertTrue(output.getFirst().startsWith(exception) && output.getFirst().contains(call)
                && output.getFirst().contains(errno) && !output.getFirst().contains("another"), output.toString());
        assertEquals(refused == RefusedChild.Refused.CODE_OF_NATIVE ? List.of("fine")
                : List.of("segments=0 left=0", "fine"), output.subList(1, output.size()));
    }
}
