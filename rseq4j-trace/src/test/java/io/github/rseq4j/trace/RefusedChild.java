package io.github.rseq4j.trace;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The child JVM of {@link RefusedTracerKernelTest}: the kernel refuses something to one thread, and to those that it
 * starts, which asks for it twice; then another thread asks.
 */
public final class RefusedChild {
    private static final int MADV_POPULATE_WRITE = 23;
    private static final int RLIMIT_AS = 9;
    private static final long ROOM_BYTES = 64 << 20;
    private static final TracerOptions LARGE = TracerOptions.defaults().withSubBuffers(1 << 26, 16);

    /** The resource that the kernel refuses. */
    enum Refused {
        /** Executable memory, before the first tracer. */
        CODE,
        /** Executable memory, after the code that reads the time was emitted. */
        CODE_OF_EVENTS,
        /** Executable memory, before the first function for native code. */
        CODE_OF_NATIVE,
        /** Pages for a ring. */
        PAGES,
        /** Address space for a ring. */
        SPACE
    }

    /** An event. */
    public interface Turns {
        /** It happened. */
        void turn(long number);
    }

    private final Refused refused;
    private final Path folder;

    private RefusedChild(Refused refused, Path folder) {
        this.refused = refused;
        this.folder = folder;
    }

    /**
     * Runs the child.
     *
     * @param arguments what is refused, and a folder
     * @throws Exception when something fails
     */
    public static void main(String[] arguments) throws Exception {
        new RefusedChild(Refused.valueOf(arguments[0]), Path.of(arguments[1])).run();
    }

    private void run() throws Exception {
        boolean isNative = refused == Refused.CODE_OF_NATIVE;
        Engine engine = Engine.get();
        boolean _ = refused == Refused.CODE || engine.timestampHandle(true) != null;
        try (Tracer open = isNative ? Tracer.streaming(folder.resolve("open")) : null) {
            Thread thread = new Thread(() -> {
                long[] former = refuse();
                String first = outcome(open, "refused");
                System.out.println(first.equals(outcome(open, "refused")) ? first : first + ", then another");
                if (former.length > 0) {
                    limit(former);
                }
            });
            thread.start();
            thread.join();
            if (!isNative) {
                System.out.println("segments=" + segments() + " left=" + left());
            }
            System.out.println(outcome(open, "later"));
        }
    }

    private String outcome(@Nullable Tracer open, String name) {
        try {
            if (open != null) {
                open.sampleCpu(100).close();
                return "fine";
            }
            Path trace = folder.resolve(name);
            Tracer tracer = Tracer.streaming(trace, refused == Refused.SPACE && name.equals("refused") ? LARGE
                    : TracerOptions.defaults().withSubBuffers(1 << 12, 4));
            try (tracer) {
                tracer.probes(Turns.class).turn(1);
            }
            try (TraceReader reader = new TraceReader(trace)) {
                return reader.next() != null && reader.next() == null && tracer.stats().lost() == 0 ? "fine"
                        : tracer.stats().toString();
            }
        } catch (Throwable t) {
            return t.toString();
        }
    }

    private long[] refuse() {
        switch (refused) {
            case PAGES -> refuse(SystemCall.MADVISE.number(), MADV_POPULATE_WRITE, Errno.ENOMEM);
            case SPACE -> {
                return limit(new long[] {addressSpace() + ROOM_BYTES, -1});
            }
            default -> refuse(SystemCall.MPROTECT.number(), Linux.PROT_READ | Linux.PROT_EXEC, Errno.EACCES);
        }
        return new long[0];
    }

    /** Refuses calls by their third argument, as core's tests do. */
    private static void refuse(int number, int value, int errno) {
        try {
            Class.forName("io.github.rseq4j.kernel.Seccomp")
                    .getMethod("refuse", int.class, int.class, int.class, int.class)
                    .invoke(null, number, 2, value, errno);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long addressSpace() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmSize")).mapToLong(
                    line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElseThrow() << 10;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long[] limit(long[] next) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment former = arena.allocate(2 * Long.BYTES, Long.BYTES);
            Errno.check("getrlimit", Native.call(Native.find("getrlimit"), RLIMIT_AS, former.address())
                    .intOrNegativeErrno());
            Errno.check("setrlimit", Native.call(Native.find("setrlimit"), RLIMIT_AS,
                    arena.allocateFrom(ValueLayout.JAVA_LONG, next).address()).intOrNegativeErrno());
            return former.toArray(ValueLayout.JAVA_LONG);
        }
    }

    /** Returns how many segments this process has made that are still there. */
    private static long segments() throws IOException {
        String own = String.valueOf(ProcessHandle.current().pid());
        try (Stream<String> lines = Files.lines(Path.of("/proc/sysvipc/shm"))) {
            return lines.filter(line -> List.of(line.strip().split(" +")).get(4).equals(own)).count();
        }
    }

    private long left() throws IOException {
        Path trace = folder.resolve("refused");
        if (!Files.exists(trace)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(trace)) {
            return files.count();
        }
    }
}
