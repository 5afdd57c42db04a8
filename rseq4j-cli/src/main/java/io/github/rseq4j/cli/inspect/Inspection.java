package io.github.rseq4j.cli.inspect;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.process.Companions;
import io.github.rseq4j.cli.process.LoadedObjects;
import io.github.rseq4j.cli.process.ProcessFiles;
import io.github.rseq4j.cli.process.PtraceSession;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.registration.Registration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** Reads the registrations of all threads of another process. */
final class Inspection {
    /** The bound for a process that creates threads all the time. */
    private static final int ROUNDS = 3;
    private static final int EIO = 5;
    private static final Path PTRACE_SCOPE = Path.of("/proc/sys/kernel/yama/ptrace_scope");

    /**
     * A thread.
     *
     * @param tid its id
     * @param name its name
     * @param seen its registration, or null if it did not stop
     * @param owner the likely owner of its area
     */
    record Inspected(int tid, String name, PtraceSession.@Nullable Seen seen, Owners.Owner owner) {
        boolean isRegistered() {
            return seen != null && seen.registration().area() != 0;
        }
    }

    /**
     * The process.
     *
     * @param pid its id
     * @param name its name
     * @param libc what its libc says about rseq
     * @param libcBytes the registered length of libc's area in the first thread that uses it, or 0
     * @param findings its libraries that the newest kernels break or serve slowly
     * @param threads its threads, by id
     * @param exited the number of threads that ended during the inspection
     * @param stopsNanos the times for which threads were stopped, in nanoseconds, ascending
     */
    record Report(int pid, String name, String libc, long libcBytes, List<Companions.Finding> findings,
                  List<Inspected> threads, int exited, List<Long> stopsNanos) {}

    private final ProcessFiles files;
    private final ProcessFiles.Status process;
    private final Architecture architecture;
    private final PtraceSession session;
    private final Map<Integer, PtraceSession.Look> looks = new TreeMap<>();
    private final Map<Integer, String> names = new TreeMap<>();

    private Inspection(ProcessFiles files, ProcessFiles.Status process, Architecture architecture) {
        this.files = files;
        this.process = process;
        this.architecture = architecture;
        this.session = new PtraceSession(architecture);
    }

    /**
     * Inspects a process.
     *
     * @param pid its id
     * @return the registrations
     * @throws InputException if the process cannot be inspected
     * @throws InterruptedException if the calling thread is interrupted
     */
    static Report of(int pid) throws InterruptedException {
        Architecture host = Architecture.host();
        if (!Linux.isCallable() || host == null) {
            throw InputException.cannot("inspecting another process needs Linux on a supported architecture, "
                    + "and --enable-native-access=io.github.rseq4j");
        }
        ProcessFiles files = new ProcessFiles(pid);
        ProcessFiles.Status process = check(files);
        // On a thread of its own: when it ends, the kernel detaches all threads that are still traced.
        FutureTask<Report> task = new FutureTask<>(() -> new Inspection(files, process, host).report());
        Thread thread = Thread.ofPlatform().name("inspect").start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            switch (Objects.requireNonNull(e.getCause())) {
                case RuntimeException exception -> throw exception;
                case Error error -> throw error;
                case Throwable other -> throw new IllegalStateException(other);
            }
        } finally {
            thread.join();
        }
    }

    private static ProcessFiles.Status check(ProcessFiles files) {
        int pid = files.pid();
        ProcessFiles.Status status = pid < 1 ? null : ProcessFiles.status(pid);
        if (status == null) {
            throw new InputException("pid=" + pid + ": there is no such process; ps -e lists the processes");
        }
        if (status.process() == ProcessHandle.current().pid()) {
            throw new InputException("pid=" + pid + " is rseq4j itself, and a process cannot trace itself; "
                    + "rseq4j doctor reports its own registration");
        }
        if (status.process() != pid) {
            throw new InputException("pid=" + pid + " is a thread of process " + status.process()
                    + "; inspect that process");
        }
        if (files.isOfTheKernel()) {
            throw new InputException("pid=" + pid + " (" + status.name() + ") is a thread of the kernel, which has no "
                    + "registration; name a process");
        }
        return status;
    }

    private Report report() {
        try {
            int rounds = 0;
            // The process may have created more threads meanwhile.
            while (rounds < ROUNDS && lookAtNewThreads()) {
                rounds++;
            }
            for (Map.Entry<Integer, PtraceSession.Look> look : looks.entrySet()) {
                if (look.getValue() instanceof PtraceSession.Stuck) {
                    look.setValue(session.await(look.getKey()));
                }
            }
        } catch (KernelException e) {
            throw explained(e);
        }
        List<PtraceSession.Seen> seen = new ArrayList<>();
        List<Integer> alive = new ArrayList<>();
        looks.forEach((tid, look) -> {
            if (!(look instanceof PtraceSession.Gone)) {
                alive.add(tid);
            }
            if (look instanceof PtraceSession.Seen thread) {
                seen.add(thread);
            }
        });
        if (alive.isEmpty()) {
            throw ended();
        }
        // A thread that was alive is likely to be alive still, and has the memory of the process.
        LoadedObjects objects = new LoadedObjects(files, alive, architecture);
        Owners owners = new Owners(objects, seen);
        List<Inspected> threads = threads(owners);
        Companions companions = new Companions(objects.claims(), seen, process.name(),
                Registration.kernelFeatureBytes());
        return new Report(files.pid(), process.name(), owners.libc(), libcBytes(threads), companions.findings(),
                threads, looks.size() - alive.size(), session.stopsNanos());
    }

    /** Reads the new threads; tells whether there were any. */
    private boolean lookAtNewThreads() {
        Set<Integer> threads = files.threads();
        threads.removeAll(looks.keySet());
        for (int tid : threads) {
            ProcessFiles.Status status = ProcessFiles.status(tid);
            names.put(tid, status == null ? "" : status.name());
            PtraceSession.Look look = session.look(tid);
            if (look instanceof PtraceSession.Refused refused) {
                look = ended(tid, refused.errno());
            }
            looks.put(tid, look);
        }
        return !threads.isEmpty();
    }

    /** Throws why a thread may not be traced, unless the thread has ended. */
    private PtraceSession.Gone ended(int tid, int errno) {
        ProcessFiles.Status status = ProcessFiles.status(tid);
        if (status == null || status.hasEnded()) {
            return new PtraceSession.Gone();
        }
        String who = "pid=" + files.pid() + " (" + process.name() + ")";
        if (status.tracer() != 0) {
            ProcessFiles.Status other = ProcessFiles.status(status.tracer());
            throw InputException.cannot(who + " is already traced, by process " + status.tracer()
                    + (other == null ? "" : " (" + other.name() + ")")
                    + ", and the kernel allows only one tracer; detach that one first");
        }
        ProcessFiles.Status self = ProcessFiles.status((int) ProcessHandle.current().pid());
        boolean isOurs = self != null && self.user().equals(status.user());
        boolean isRoot = self != null && self.effectiveUser() == 0;
        throw new InputException(who + ": no permission to trace it: PTRACE_SEIZE answered " + Errno.name(errno)
                + "; it runs as user " + status.user() + (isOurs ? ", as rseq4j does, " : ", ") + scope() + "; "
                + (isRoot ? "give rseq4j the capability CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE), or run it as"
                + " root outside of the container" : isOurs ? "run as root" : "run as that user or as root"));
    }

    private static String scope() {
        try {
            return "with yama ptrace_scope=" + Files.readString(PTRACE_SCOPE).strip();
        } catch (IOException e) {
            return "without yama";
        }
    }

    private InputException ended() {
        ProcessFiles.Status status = ProcessFiles.status(files.pid());
        return new InputException("pid=" + files.pid() + " (" + process.name() + ") "
                + (status == null ? "ended during the inspection" : "has ended, and its parent has yet to wait for it")
                + "; name a process that runs");
    }

    private static RuntimeException explained(KernelException e) {
        return e.errno() != EIO && e.errno() != Errno.ENOSYS ? e : InputException.cannot(
                "this kernel cannot report registrations: " + e.getMessage()
                        + "; use Linux 5.13 or later, built with CONFIG_RSEQ");
    }

    private static long libcBytes(List<Inspected> threads) {
        for (Inspected thread : threads) {
            if (thread.seen() != null && thread.owner().kind() == Owners.Kind.LIBC) {
                return Integer.toUnsignedLong(thread.seen().registration().sizeBytes());
            }
        }
        return 0;
    }

    private List<Inspected> threads(Owners owners) {
        List<Inspected> threads = new ArrayList<>();
        looks.forEach((tid, look) -> {
            String name = names.getOrDefault(tid, "");
            if (look instanceof PtraceSession.Seen seen) {
                threads.add(new Inspected(tid, name, seen, owners.of(seen)));
            } else if (look instanceof PtraceSession.Stuck) {
                threads.add(new Inspected(tid, name, null, new Owners.Owner(Owners.Kind.UNKNOWN,
                        "it did not stop, so nothing was read: it is in an uninterruptible system call, or frozen")));
            }
        });
        return threads;
    }
}
