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

/**
 * What this JVM has of restartable sequences, rseq(2), and where the calling thread runs.
 *
 * <p>The first call of any method here, like the first structure made, chooses what all structures of the JVM run on:
 * it finds the threads' registration, proves it, emits the first sections, and sees the kernel abort one, all in some
 * milliseconds (25 at most for the aborts). The choice holds for the life of the JVM.
 *
 * <p><b>Class loaders.</b> Each class loader that loads the library has a copy of it, which is collected with the
 * loader, whatever its structures still hold: the library keeps no thread and nothing in another loader's classes.
 * Emitted code is never unmapped, because a thread may still refer to it, nor are the cells of its structures. With
 * every structure in use a copy leaves four or five mappings, some 60 KiB of memory on two CPUs, and address space of
 * 1 MiB, and of 1 MiB for each possible CPU, some times. On the fallback it leaves nothing.
 */
public final class Rseq {
    private Rseq() {}

    /** Who registered the threads' rseq areas. */
    public enum Owner {
        /** libc did. */
        LIBC,
        /** Another library did, and shares it. */
        FOREIGN,
        /** This library did. */
        OWN,
        /** Nobody did, or it is of no use: the fallback serves. */
        NONE
    }

    /**
     * What this JVM has of restartable sequences. Immutable, and the same for the life of the JVM. Later versions may
     * tell more.
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
         * {@return what structures run on: {@code restartable sequences}, or the fallback, {@code locked stripes}}
         */
        public String engine() {
            return engine.name();
        }

        /**
         * {@return whether structures run on restartable sequences; if not, they run on the fallback, which does the
         * same steps in Java under a lock for each stripe: exact but slower}
         */
        public boolean available() {
            return owner != Owner.NONE;
        }

        /** {@return the owner of the threads' rseq areas} */
        public Owner owner() {
            return owner;
        }

        /** {@return what proved the owner, or an empty text} */
        public String proof() {
            return registration.proof();
        }

        /**
         * {@return what selects a thread's copy of a cell: {@code mm_cid}, {@code cpu_id}, or {@code stripe} on the
         * fallback}
         */
        public String index() {
            return engine.indexName();
        }

        /** {@return how many indices there can be} */
        public int limit() {
            return engine.limit();
        }

        /** {@return the distance in bytes of a thread's area from its thread pointer; 0 without an owner} */
        public long offsetBytes() {
            return registration.offsetBytes();
        }

        /** {@return the length in bytes that areas are registered with; 0 without an owner} */
        public int registeredBytes() {
            return registration.registeredBytes();
        }

        /** {@return how many bytes of an area the kernel maintains; 0 without an owner} */
        public int featureBytes() {
            return registration.featureBytes();
        }

        /** {@return how many sections the self-test saw aborted by a fence, membarrier(2)} */
        public long fenceAborts() {
            return test.fence();
        }

        /** {@return how many sections the self-test saw aborted by preemption} */
        public long preemptionAborts() {
            return test.preemption();
        }

        /** {@return how long the self-test took, in nanoseconds} */
        public long selfTestNanos() {
            return test.nanos();
        }

        /** {@return what the self-test could not try and why, or an empty text} */
        public String note() {
            return test.fenceNote();
        }

        /** {@return why restartable sequences are not available, or an empty text} */
        public String reason() {
            return registration.reason();
        }

        /** {@return what to do about the reason, or an empty text} */
        public String remedy() {
            return registration.remedy();
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

    /** {@return what this JVM has of restartable sequences} */
    public static Availability availability() {
        return new Availability(Engine.get(Owner.class));
    }

    /** What the kernel writes to the calling thread's area. */
    private static final class Area {
        private static boolean hasNodeAndMmCid() {
            return Engine.get().hasNodeAndMmCid();
        }

        /** Returns the CPU; a thread without a registration gets one, where that is for us to do. */
        private static int cpu() {
            int cpu = field(RseqArea.CPU_ID);
            boolean joined = cpu < 0 && Engine.get().join() == 0;
            return joined ? field(RseqArea.CPU_ID) : cpu;
        }

        /** Returns a field of the calling thread's area; negative where there is no area, or no registration. */
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
     * Returns the CPU that the calling thread was on a moment ago: it may be on another one when the method returns.
     *
     * @return the CPU's number, 0 or more; it can exceed the number of CPUs
     * @throws UnsupportedOperationException when neither rseq nor the kernel can be asked
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
     * Returns the concurrency id of the calling thread a moment ago: a small number that no other running thread of the
     * process has at that moment.
     *
     * @return 0 or more, below the number of threads and of possible CPUs
     * @throws UnsupportedOperationException when the kernel gives none (before Linux 6.3) or rseq is not available
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
     * Returns the NUMA node that the calling thread was on a moment ago.
     *
     * @return the node's number, 0 or more
     * @throws UnsupportedOperationException when neither rseq nor the kernel can be asked
     */
    public static int currentNode() {
        if (Area.hasNodeAndMmCid() && Area.cpu() >= 0) {
            return Area.field(RseqArea.NODE_ID);
        }
        requireLinux("the current node");
        return (int) Errno.check("getcpu()", Linux.getcpu_node());
    }

    /**
     * Aborts every section that is running, on any CPU, and returns when none of them runs any more: each has
     * committed, and its commit is seen, or it begins anew and then sees what the caller wrote before. Who has taken
     * something out of sections' reach by a write may use it alone after a fence.
     *
     * <p>It is an interrupt of every CPU that runs the process, some microseconds, by membarrier(2). Where that is
     * refused a thread visits each CPU, which takes a hundred times longer and is as exact. The first fence of a
     * process takes the kernel some milliseconds more. Without rseq it waits for each stripe's lock.
     *
     * @throws KernelException when the kernel refuses both, naming call and errno
     */
    public static void fence() {
        Engine.get().fence();
    }

    /**
     * Does what {@link #fence()} does for the sections that are running on one CPU. Sections are found by the CPU that
     * they run on now: where the index is mm_cid, this is not their index.
     *
     * @param cpu the CPU's number; one that is offline runs none
     * @throws IllegalArgumentException when the number is negative
     * @throws KernelException when the kernel refuses
     */
    public static void fence(int cpu) {
        if (cpu < 0) {
            throw new IllegalArgumentException("cpu=" + cpu + ", must be 0 or more");
        }
        Engine.get().fence(cpu);
    }

    private static void requireLinux(String what) {
        // Named, and not initialised here: where the stack ends they would be lost for the life of the JVM.
        Engine _ = Engine.get(Native.class, SystemCall.class, Linux.Syscall.class);
        if (!Linux.isCallable()) {
            Availability availability = availability();
            throw new UnsupportedOperationException(what + " cannot be asked for: " + availability.reason()
                    + "; " + availability.remedy());
        }
    }
}
