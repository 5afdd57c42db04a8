package io.github.rseq4j;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.SelfTest;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.registration.Registration;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Reports whether this JVM can use restartable sequences, rseq(2), and where the calling thread runs.
 *
 * <p>The first call of a method of this class, or the first structure, chooses the engine: the code on which all
 * structures of the JVM run. The choice finds the threads' registration, proves it, emits the first sections, and tests
 * that the kernel aborts one. It takes some milliseconds; the test usually takes at most 25. The choice holds for the
 * life of the JVM.
 *
 * <p><b>Threads.</b> Every method may be called from any thread, platform or virtual.
 *
 * <p><b>Class loaders.</b> Each class loader that loads the library has a copy of it. The copy is collected with the
 * loader, even if structures still hold values: the library keeps no thread, and leaves no reference to itself in
 * classes of other loaders. Emitted code and the cells of structures are never unmapped, because a thread may still
 * refer to them. A copy whose structures were all in use leaves four or five mappings. They take some 60 KiB of memory
 * on two CPUs, and address space: 1 MiB, and several times 1 MiB for each possible CPU. On the fallback a copy leaves
 * nothing.
 *
 * @since 0.1.0
 */
public final class Rseq {
    private Rseq() {}

    /**
     * The party that registers the threads' rseq areas. An area is the structure that the kernel and a thread share.
     *
     * @since 0.1.0
     */
    public enum Owner {
        /** libc. */
        LIBC,
        /** Another library, which shares its area. */
        FOREIGN,
        /** rseq4j. */
        OWN,
        /** No party, or none whose area can be used: the fallback runs. */
        NONE
    }

    /**
     * The availability of restartable sequences in this JVM. Immutable, and the same for the life of the JVM. Later
     * versions may add values.
     *
     * @since 0.1.0
     */
    public static final class Availability {
        private final Engine engine;
        private final Registration registration;
        private final SelfTest.Outcome test;
        private final Owner owner;

        private Availability(Engine engine) {
            this.engine = engine;
            this.registration = engine.registration();
            this.test = engine.selfTest();
            this.owner = Owner.valueOf(registration.owner().name());
        }

        /**
         * {@return the engine of structures: {@code restartable sequences}, or the fallback, {@code locked stripes}}
         */
        public String engine() {
            return engine.name();
        }

        /**
         * {@return whether structures run on restartable sequences; otherwise they run on the fallback, which does the
         * same steps in Java under a lock for each stripe, exact but slower}
         */
        public boolean available() {
            return owner != Owner.NONE;
        }

        /** {@return the owner of the threads' rseq areas} */
        public Owner owner() {
            return owner;
        }

        /** {@return the observation that proves the owner; an empty text without an owner} */
        public String proof() {
            return registration.proof();
        }

        /**
         * {@return the name of the index, the number that selects a thread's copy of per-CPU data: {@code mm_cid} (a
         * concurrency id), {@code cpu_id}, or {@code stripe} on the fallback}
         */
        public String index() {
            return engine.indexName();
        }

        /** {@return the number of possible indices; an index is 0 to this number - 1} */
        public int limit() {
            return engine.limit();
        }

        /** {@return the distance in bytes of a thread's area from its thread pointer; 0 without an owner} */
        public long offsetBytes() {
            return registration.offsetBytes();
        }

        /** {@return the registered length of areas, in bytes; 0 without an owner} */
        public int registeredBytes() {
            return registration.registeredBytes();
        }

        /** {@return the number of bytes of an area that the kernel maintains; 0 without an owner} */
        public int featureBytes() {
            return registration.featureBytes();
        }

        /** {@return the number of aborts by a fence, membarrier(2), in the self-test} */
        public long fenceAborts() {
            return test.fence();
        }

        /** {@return the number of aborts by preemption in the self-test} */
        public long preemptionAborts() {
            return test.preemption();
        }

        /** {@return the duration of the self-test, in nanoseconds} */
        public long selfTestNanos() {
            return test.nanos();
        }

        /** {@return the part of the self-test that was impossible, and the reason; an empty text if there is none} */
        public String note() {
            return test.fenceNote();
        }

        /** {@return the reason why restartable sequences are unavailable; an empty text if they are available} */
        public String reason() {
            return registration.reason();
        }

        /** {@return the remedy for {@link #reason}; an empty text if there is none} */
        public String remedy() {
            return registration.remedy();
        }

        /** Compares the values. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Availability found && toString().equals(found.toString());
        }

        @Override
        public int hashCode() {
            return toString().hashCode();
        }

        /** Returns a text of one line with every value: {@code Availability[engine=..., available=true, ...]}. */
        @Override
        public String toString() {
            return "Availability[engine=" + engine() + ", available=" + available() + ", owner=" + owner
                    + ", proof=" + proof() + ", index=" + index() + ", limit=" + limit()
                    + ", offsetBytes=" + offsetBytes() + ", registeredBytes=" + registeredBytes()
                    + ", featureBytes=" + featureBytes() + ", fenceAborts=" + fenceAborts()
                    + ", preemptionAborts=" + preemptionAborts() + ", selfTestNanos=" + selfTestNanos()
                    + ", note=" + note() + ", reason=" + reason() + ", remedy=" + remedy() + "]";
        }
    }

    /** {@return the availability of restartable sequences in this JVM} Never throws because of the kernel. */
    public static Availability availability() {
        return new Availability(Engine.get(Owner.class));
    }

    /** Reads the fields that the kernel writes to the calling thread's area. */
    private static final class Area {
        private static boolean hasNodeAndMmCid() {
            return Engine.get().hasNodeAndMmCid();
        }

        /** Returns the CPU. Registers the thread if it is not registered and this library has to register it. */
        private static int cpu() {
            int cpu = field(RseqArea.CPU_ID);
            boolean joined = cpu < 0 && Engine.get().join() == 0;
            return joined ? field(RseqArea.CPU_ID) : cpu;
        }

        /** Returns a field of the calling thread's area; negative without an area or a registration. */
        private static int field(int offsetBytes) {
            MethodHandle handle = Engine.areaField();
            if (handle == null) {
                return -1;
            }
            try {
                return (int) (long) handle.invokeExact((long) offsetBytes, 0L);
            } catch (Throwable t) {
                throw Native.rethrown(t);
            }
        }
    }

    /**
     * Returns the CPU of the calling thread a moment ago. The thread may be on another CPU when the method returns.
     *
     * @return the number of the CPU, 0 or more; it can exceed the number of CPUs, because numbers may have gaps
     * @throws UnsupportedOperationException if neither rseq nor a system call is available
     * @throws KernelException if rseq is unavailable and the kernel refuses the system call
     */
    public static int currentCpu() {
        int cpu = Area.cpu();
        if (cpu >= 0) {
            return cpu;
        }
        requireLinux("the current CPU");
        return (int) Errno.check("sched_getcpu()", Linux.sched_getcpu());
    }

    /**
     * Returns the concurrency id of the calling thread a moment ago: a small number, unique among the running threads
     * of the process at that moment.
     *
     * @return the id: 0 or more, less than the number of threads, and less than the number of possible CPUs
     * @throws UnsupportedOperationException if the kernel has no concurrency ids (before Linux 6.3) or rseq is
     *     unavailable
     */
    public static int currentMmCid() {
        if (!Area.hasNodeAndMmCid() || Area.cpu() < 0) {
            Availability availability = availability();
            throw new UnsupportedOperationException("mm_cid is not available: featureBytes="
                    + availability.featureBytes() + ", reason=\"" + availability.reason()
                    + "\"; it needs Linux 6.3 and a registered thread");
        }
        return Area.field(RseqArea.MM_CID);
    }

    /**
     * Returns the NUMA node of the calling thread a moment ago.
     *
     * @return the number of the node, 0 or more
     * @throws UnsupportedOperationException if neither rseq nor a system call is available
     * @throws KernelException if the node is not in the area and the kernel refuses the system call
     */
    public static int currentNode() {
        if (Area.hasNodeAndMmCid() && Area.cpu() >= 0) {
            return Area.field(RseqArea.NODE_ID);
        }
        requireLinux("the current node");
        return (int) Errno.check("getcpu()", Linux.getcpu_node());
    }

    /**
     * Ends every section that is running on any CPU. When this method returns, each of these sections has either
     * committed, and its commit is visible; or it was aborted, and its restart sees the caller's earlier writes. So if
     * a write has made memory unreachable for sections, no section uses that memory after the fence.
     *
     * <p>The fence is an interrupt of every CPU that runs the process, by membarrier(2), and takes some microseconds.
     * If the kernel refuses membarrier(2), a thread visits each CPU, which is as exact and takes a hundred times
     * longer. The first fence of a process takes some milliseconds more. On the fallback this method waits for the lock
     * of each stripe.
     *
     * @throws KernelException if the kernel refuses both membarrier(2) and sched_setaffinity(2), which moves the thread
     *     from CPU to CPU
     */
    public static void fence() {
        Engine.get().fence();
    }

    /**
     * Ends the sections that are running on one CPU, like {@link #fence()}. The number of the CPU is not the index of
     * these sections if the index is {@code mm_cid}.
     *
     * @param cpu the number of the CPU; an offline CPU runs no section
     * @throws IllegalArgumentException if the number is negative
     * @throws KernelException if the kernel refuses both membarrier(2) and sched_setaffinity(2)
     */
    public static void fence(int cpu) {
        if (cpu < 0) {
            throw new IllegalArgumentException("cpu=" + cpu + ", must be 0 or more");
        }
        Engine.get().fence(cpu);
    }

    private static void requireLinux(String what) {
        // Not initialised here: near the end of the stack the classes would be lost for the life of the JVM.
        Engine _ = Engine.get(Native.class, SystemCall.class, Linux.Syscall.class);
        if (!Linux.isCallable()) {
            Availability availability = availability();
            throw new UnsupportedOperationException(what + " cannot be asked for: " + availability.reason()
                    + "; " + availability.remedy());
        }
    }
}
