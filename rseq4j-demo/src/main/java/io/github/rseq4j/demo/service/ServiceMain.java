package io.github.rseq4j.demo.service;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.demo.side.Side;
import io.github.rseq4j.demo.side.Sides;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import tools.jackson.databind.json.JsonMapper;

/** A JVM with the service of one side. It answers each line of its input by a line of JSON, and ends with its input. */
public final class ServiceMain {
    /* How it works
     *
     * The demo's process is the other end of the pipe. When it ends, also by a signal that it cannot handle, the input
     * ends, and so does this process. The answers have a descriptor of their own, which the demo has opened, because a
     * JVM prints to its output at times.
     */
    /** The file of the answers. */
    public static final String ANSWERS = "/dev/fd/3";

    private static final JsonMapper JSON = new JsonMapper();

    /** Longer than the client keeps an idle connection, so that only the client closes one. */
    private static final long IDLE_MILLIS = TimeUnit.MINUTES.toMillis(5);

    private ServiceMain() {}

    /**
     * The first answer.
     *
     * @param port the service's port on the loopback interface
     * @param engine what its per-CPU structures run on
     */
    public record Started(int port, String engine) {}

    /** The answer to a command without a result. */
    public record Done(boolean done) {}

    /**
     * Runs the service.
     *
     * @param arguments the side, and a folder for its files
     */
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(ANSWERS), true, StandardCharsets.UTF_8);
        try (Side side = Side.of(Sides.valueOf(arguments[0]), Path.of(arguments[1]));
                Catalogue catalogue = new Catalogue(side.events());
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            SlowRequests slow = new SlowRequests(side);
            DocumentHandler handler = new DocumentHandler(side, catalogue, slow);
            Server server = server(handler);
            Rseq.Availability rseq = Rseq.availability();
            int port = ((ServerConnector) server.getConnectors()[0]).getLocalPort();
            out.println(JSON.writeValueAsString(new Started(port, rseq.available()
                    ? "rseq, owner " + rseq.owner() + ", index " + rseq.index() : "the fallback: " + rseq.reason())));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                int blank = line.indexOf(' ');
                out.println(JSON.writeValueAsString(answer(blank < 0 ? line : line.substring(0, blank),
                        Path.of(line.substring(blank + 1)), side, handler, slow)));
            }
            server.stop();
        }
        // Threads of libraries may be there for a moment.
        System.exit(0);
    }

    private static Object answer(String command, Path path, Side side, DocumentHandler handler, SlowRequests slow)
            throws Exception {
        switch (command) {
            case "sample" -> {
                return Sample.of(side, handler.requests());
            }
            case "forget" -> side.forget();
            case "arm" -> slow.arm(path);
            case "slow" -> {
                return slow.disarm();
            }
            case "snapshot" -> side.snapshot(path);
            default -> throw new IllegalArgumentException("command=" + command + " is unknown");
        }
        return new Done(true);
    }

    /** Starts Jetty on a free port of the loopback interface, with a virtual thread for each request. */
    private static Server server(DocumentHandler handler) throws Exception {
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
        Server server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setIdleTimeout(IDLE_MILLIS);
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
        server.setHandler(handler);
        server.start();
        return server;
    }
}
