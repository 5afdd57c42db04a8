package io.github.rseq4j.trace;

import io.github.rseq4j.kernel.Signals;
import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The child JVM of {@link RedeployTest}, and of that of rseq4j-trace-logging: class loaders load a program with this
 * library, again and again, and are dropped. It prints what is left of them, and whether that is no more than it may
 * be.
 */
public final class RedeployChild {
    private static final int WARM = 2;
    private static final int MAX_COLLECTIONS = 100;
    private static final int MAX_LOOKS = 2000;
    private static final int SIGPROF = 27;
    /** Memory that a copy of the library, with a tracer that it leaves open, takes for the life of the JVM. */
    private static final long MAX_MAPPINGS_EACH = 8;
    private static final long MAX_KIB_EACH = 128;
    /** Memory that the JVM itself takes, in any number of rounds: measured 6 to 10 MiB in 6 rounds, 14 to 27 in 300. */
    private static final long MAX_KIB_OF_JVM = 16 << 10;

    /** The state in which the program of each class loader may leave its tracer. */
    enum Use { OPEN, CLOSED, SAMPLER }

    /** An event of the program. */
    public interface Turns {
        /** It happened. */
        void turn(long number, String text);
    }

    private RedeployChild() {}

    /**
     * Runs the child.
     *
     * @param arguments the program's class, which has a method like {@link #use}; what the programs do, how many there
     *     are, and a folder
     * @throws Exception when something fails
     */
    public static void main(String[] arguments) throws Exception {
        String program = arguments[0];
        String use = arguments[1];
        int rounds = Integer.parseInt(arguments[2]);
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        long files = 0;
        long mappings = 0;
        long rssKib = 0;
        for (int round = 0; round < rounds; round++) {
            loaders.add(round(program, use, Path.of(arguments[3], "t" + round), false));
            collect(loaders);
            if (round == WARM) {
                files = files();
                mappings = mappings();
                rssKib = rssKib();
            }
        }
        boolean isLevel = is("loaders", loaders.stream().filter(loader -> loader.get() != null).count(), 0);
        isLevel &= is("threads", threads(), 0);
        isLevel &= is("files", files() - files, 0);
        if (use.equals(Use.SAMPLER.name())) {
            isLevel &= is("timers", Files.readAllLines(Path.of("/proc/self/timers")).size(), 0);
            isLevel &= is("handler", Signals.handler(Signals.sigaction(SIGPROF, new byte[0])), 0);
        }
        isLevel &= is("mappings", mappings() - mappings, MAX_MAPPINGS_EACH * rounds);
        isLevel &= is("rssKib", rssKib() - rssKib, MAX_KIB_OF_JVM + MAX_KIB_EACH * rounds);
        System.out.println("level=" + isLevel);
        // One that stays, and whose classes are no longer to be had at the end.
        round(program, use, Path.of(arguments[3], "last"), true);
        System.out.println("end");
    }

    private static boolean is(String what, long number, long most) {
        System.out.println(what + "=" + number + " of " + most);
        return number <= most;
    }

    @SuppressWarnings("ReferenceEquality") // The hook only refers to it.
    private static WeakReference<ClassLoader> round(String program, String use, Path folder, boolean isKept)
            throws Exception {
        URLClassLoader loader = new URLClassLoader(classes(), ClassLoader.getPlatformClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        Object kept = loader.loadClass(program).getMethod("use", String.class, Path.class)
                .invoke(null, use, folder);
        Thread.currentThread().setContextClassLoader(null);
        if (isKept) {
            // The JVM's own list of hooks is what keeps it, and this.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.print(kept == loader ? "one" : "")));
        }
        loader.close();
        return new WeakReference<>(loader);
    }

    private static URL[] classes() throws MalformedURLException {
        List<URL> classes = new ArrayList<>();
        for (String each : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            classes.add(Path.of(each).toUri().toURL());
        }
        return classes.toArray(URL[]::new);
    }

    private static void collect(List<WeakReference<ClassLoader>> loaders) throws InterruptedException {
        for (int i = 0; i < MAX_COLLECTIONS && loaders.stream().anyMatch(loader -> loader.get() != null); i++) {
            System.gc();
            Thread.sleep(5);
        }
        // A thread looks some milliseconds later whether its loader is there yet.
        for (int i = 0; i < MAX_LOOKS && threads() != 0; i++) {
            Thread.sleep(5);
        }
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("rseq4j")).count();
    }

    private static long files() {
        String[] files = new File("/proc/self/fd").list();
        return files == null ? -1 : files.length;
    }

    private static long mappings() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).size();
    }

    private static long rssKib() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElse(0);
    }

    /**
     * The program.
     *
     * @param use what it leaves behind
     * @param folder where it traces
     * @return what it holds in a static field
     * @throws IOException when the trace cannot be made
     */
    public static Object use(String use, Path folder) throws IOException {
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 12, 4);
        Tracer tracer = Tracer.streaming(folder, options);
        tracer.probes(Turns.class).turn(1, "one");
        switch (Use.valueOf(use)) {
            case OPEN -> { }
            case CLOSED -> tracer.close();
            case SAMPLER -> {
                CpuSampler _ = tracer.sampleCpu(CpuSampler.MAX_HZ);
            }
        }
        return Held.hold(tracer);
    }

    /** Holds a tracer as programs do. */
    private static final class Held {
        private static final List<Tracer> TRACERS = new ArrayList<>();

        private static Object hold(Tracer tracer) {
            TRACERS.add(tracer);
            return TRACERS;
        }
    }
}
