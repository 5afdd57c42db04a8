package io.github.rseq4j.cli.agent;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.Tracer;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ref.WeakReference;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A program with tracers of its own, and a part in another class loader with its own copy of the tracer. */
public final class TracingProgram implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private TracingProgram(Process process) {
        this.process = process;
        this.output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** The program's events. */
    public interface Orders {
        /** An order was placed. */
        void placed(long id);

        /** An order was paid. */
        void paid(long id);
    }

    /** Starts the program, whose tracers have the folders first, streamed and second. */
    static TracingProgram start(Path folder, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(Jvm.java(), "--enable-native-access=ALL-UNNAMED",
                "-XX:+EnableDynamicAgentLoading", "-XX:+UseSerialGC", "-XX:SoftRefLRUPolicyMSPerMB=0", "-cp",
                classPath()));
        command.addAll(List.of(options));
        command.addAll(List.of(TracingProgram.class.getName(), folder.toString()));
        TracingProgram program = new TracingProgram(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT).start());
        program.await("ready");
        return program;
    }

    /** Returns the class path of a program that uses the tracer; the agent is not there. */
    private static String classPath() {
        try {
            List<String> path = new ArrayList<>();
            for (Class<?> each : List.of(Rseq.class, Tracer.class)) {
                path.add(Path.of(each.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
            }
            path.add(Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-cli/target/test-classes").toAbsolutePath()
                    .normalize().toString());
            return String.join(File.pathSeparator, path);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    String pid() {
        return Long.toString(process.pid());
    }

    /** Lets the program do something, and waits until it is done. */
    void run(String command) throws IOException {
        process.outputWriter().write(command + "\n");
        process.outputWriter().flush();
        await(command + " done");
    }

    private void await(String line) throws IOException {
        String read = output.readLine();
        if (!line.equals(read)) {
            process.destroyForcibly();
            throw new IOException("expected " + line + ", read " + read);
        }
    }

    /** Lets the program end. */
    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        process.onExit().join();
    }

    /** The program: {@code N} records 2 events of orders 1 to N by each tracer; drop gives up the second loader. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        List<LongConsumer> tracers = new ArrayList<>();
        try (Tracer first = Tracer.flightRecorder(folder.resolve("first"));
                Tracer streamed = Tracer.streaming(folder.resolve("streamed"))) {
            tracers.add(recording(first));
            tracers.add(recording(streamed));
            tracers.add(second(folder.resolve("second")));
            WeakReference<ClassLoader> loader = new WeakReference<>(tracers.getLast().getClass().getClassLoader());
            System.out.println("ready");
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.equals("drop")) {
                    tracers.removeLast();
                    while (loader.get() != null) {
                        System.gc();
                        Thread.sleep(5);
                    }
                } else {
                    for (LongConsumer each : tracers) {
                        each.accept(Long.parseLong(line));
                    }
                }
                System.out.println(line + " done");
            }
        }
    }

    private static LongConsumer recording(Tracer tracer) {
        Orders orders = tracer.probes(Orders.class);
        return count -> {
            for (long id = 1; id <= count; id++) {
                orders.placed(id);
                orders.paid(id);
            }
        };
    }

    /** Loads this program and the library anew. */
    private static LongConsumer second(Path folder) throws Exception {
        List<URL> classes = new ArrayList<>();
        for (String each : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            classes.add(Path.of(each).toUri().toURL());
        }
        @Nullable ClassLoader platform = ClassLoader.getPlatformClassLoader();
        @SuppressWarnings("resource") // The part lives as long as the test says.
        ClassLoader loader = new URLClassLoader("plugin", classes.toArray(URL[]::new), platform);
        Object made = loader.loadClass(TracingProgram.class.getName()).getMethod("open", Path.class)
                .invoke(null, folder);
        return (LongConsumer) made;
    }

    /** The part in the other class loader: it leaves its tracer open. */
    public static LongConsumer open(Path folder) throws IOException {
        return recording(Tracer.flightRecorder(folder));
    }
}
