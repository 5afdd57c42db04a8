package io.github.rseq4j.percpu;

import org.junit.jupiter.api.Test;

/** Every structure is exact with a thread for each CPU. On a machine with many CPUs this is one bounded test. */
final class EveryStructureTest {
    @Test
    void everyStructureIsExactWithAThreadForEachCpu() throws InterruptedException {
        ManyCpusChild.main(new String[0]);
    }
}
