package io.github.rseq4j.cli.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.process.Ptrace.RseqConfiguration;
import io.github.rseq4j.kernel.RseqArea;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Libraries that the newest kernels break or serve slowly, on a simulated kernel. */
class CompanionsTest {
    private static final long THREAD_POINTER = 0x7000_0000;
    private static final long AREA = THREAD_POINTER - 128;
    private static final int NEWEST = 33;
    private static final int OLDER = 28;

    private static PtraceSession.Seen thread(int registeredBytes, int cpuIdStart, int cpuId) {
        byte[] area = new byte[RseqArea.ORIGINAL_BYTES];
        ByteBuffer.wrap(area).order(ByteOrder.nativeOrder()).putInt(0, cpuIdStart).putInt(RseqArea.CPU_ID, cpuId);
        return new PtraceSession.Seen(new RseqConfiguration(AREA, registeredBytes, 0, 0), THREAD_POINTER, area);
    }

    private static LoadedObjects.Claims object(@Nullable Integer libcSize, String... marks) {
        boolean isLibc = libcSize != null;
        Long distance = AREA - THREAD_POINTER;
        return new LoadedObjects.Claims("/lib/" + (isLibc ? "libc.so.6" : "lib.so"), isLibc ? distance : null, libcSize,
                !isLibc, isLibc ? null : distance, isLibc, Set.of(marks));
    }

    private static List<Companions.Finding> findings(int featureBytes, PtraceSession.Seen thread,
                                                     LoadedObjects.Claims... objects) {
        return new Companions(List.of(objects), List.of(thread), "process", featureBytes).findings();
    }

    private static Companions.Finding only(List<Companions.Finding> findings) {
        assertEquals(1, findings.size(), findings.toString());
        return findings.getFirst();
    }

    @Test
    void findsACacheInAFullAreaThatEndsTheProcess() {
        Companions.Finding finding = only(findings(NEWEST, thread(NEWEST, 1, 1), object(null, LoadedObjects.TCMALLOC)));
        assertEquals("lib.so", finding.name());
        assertTrue(finding.what().contains("SIGSEGV when one of them changes its CPU"), finding.toString());
        assertTrue(finding.remedy().contains("LD_PRELOAD"), finding.toString());
    }

    @Test
    void findsACacheInALegacyAreaOnEveryKernel() {
        for (int featureBytes : new int[] {20, OLDER, NEWEST}) {
            assertTrue(only(findings(featureBytes, thread(32, 1, 1), object(null, LoadedObjects.TCMALLOC))).what()
                    .contains("Linux 6.19"));
            assertTrue(only(findings(featureBytes, thread(32, 0x8000_0001, 1))).name().equals("process"));
        }
    }

    @Test
    void findsNoCacheOfTcmallocWhereLibcRegisters() {
        assertEquals(List.of(), findings(NEWEST, thread(NEWEST, 1, 1), object(NEWEST),
                new LoadedObjects.Claims("/lib/tc.so", null, null, true, null, false, Set.of(LoadedObjects.TCMALLOC))));
    }

    @Test
    void findsSlowLegacyRegistrationsOnlyOnTheNewestKernels() {
        for (LoadedObjects.Claims object : List.of(object(32), object(null, LoadedObjects.LIBRSEQ),
                object(null, LoadedObjects.RSEQ4J))) {
            assertTrue(only(findings(NEWEST, thread(32, 0, 0), object)).what().contains("legacy mode"));
            assertEquals(List.of(), findings(OLDER, thread(32, 0, 0), object));
        }
        assertEquals(List.of(), findings(NEWEST, thread(NEWEST, 0, 0), object(null, LoadedObjects.RSEQ4J,
                LoadedObjects.RSEQ4J_LENGTH)));
        assertEquals(List.of(), findings(NEWEST, thread(NEWEST, 0, 0), object(NEWEST)));
    }
}
