package org.example.calls;

import com.sun.net.httpserver.HttpServer;
import groovy.lang.GroovyShell;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import javax.tools.ToolProvider;
import kotlin.sequences.SequencesKt;
import kotlin.text.StringsKt;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Work of real libraries with results that can be compared: a line for each argument. */
public final class RealWork {
    private RealWork() {}

    /** Does the work that the arguments name, and waits until the standard input ends. */
    public static void main(String[] arguments) throws Exception {
        for (String each : arguments) {
            System.out.println(each + " " + switch (each) {
                case "h2" -> h2();
                case "jackson" -> jackson();
                case "http" -> http();
                case "groovy" -> groovy();
                case "kotlin" -> kotlin();
                case "jetty" -> jetty();
                default -> javac();
            });
        }
        int _ = System.in.read();
        // The server's threads may be there for a moment.
        System.exit(0);
    }

    private static String h2() throws SQLException {
        StringBuilder rows = new StringBuilder();
        try (Connection connection = DriverManager.getConnection("jdbc:h2:mem:");
                Statement statement = connection.createStatement()) {
            statement.execute("create table t(id int primary key, name varchar, v double)");
            try (PreparedStatement insert = connection.prepareStatement("insert into t values(?, ?, ?)")) {
                for (int i = 0; i < 1000; i++) {
                    insert.setInt(1, i);
                    insert.setString(2, "n" + i % 50);
                    insert.setDouble(3, i * 0.5);
                    insert.executeUpdate();
                }
            }
            try (ResultSet found = statement.executeQuery("select name, count(*), sum(v) from t where id > 100"
                    + " group by name having count(*) > 3 order by 3 desc limit 5")) {
                while (found.next()) {
                    rows.append(found.getString(1)).append(found.getInt(2)).append(found.getDouble(3)).append(';');
                }
            }
        }
        return rows.toString();
    }

    private static String jackson() {
        ObjectMapper mapper = new ObjectMapper();
        Map<String, Object> document = new LinkedHashMap<>();
        for (int i = 0; i < 50; i++) {
            document.put("k" + i, List.of(i, "v" + i, Map.of("x", i * 0.25)));
        }
        String json = mapper.writeValueAsString(document);
        long sum = 0;
        for (int i = 0; i < 100; i++) {
            JsonNode tree = mapper.readTree(json);
            sum += tree.get("k" + i % 50).get(0).asInt();
            json = mapper.writeValueAsString(mapper.readValue(json, LinkedHashMap.class));
        }
        return sum + " " + json.hashCode();
    }

    private static String http() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            byte[] answer = ("hi " + exchange.getRequestURI()).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        int sum = 0;
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (int i = 0; i < 100; i++) {
                URI uri = new URI("http", null, server.getAddress().getHostString(), server.getAddress().getPort(),
                        "/" + i, null, null);
                sum += client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString()).body()
                        .length();
            }
        }
        server.stop(0);
        return String.valueOf(sum);
    }

    /** Answers on virtual threads, and returns what the client has got. */
    private static String jetty() throws Exception {
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
        Server server = new Server(threads);
        ServerConnector connector = new ServerConnector(server);
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) throws Exception {
                String body = Content.Source.asString(request);
                boolean isVirtual = Thread.currentThread().isVirtual();
                response.setStatus(body.isEmpty() ? 404 : 200);
                response.getHeaders().put("X-Length", body.length());
                Content.Sink.write(response, true, (isVirtual + " " + request.getHttpURI().getPathQuery() + " " + body)
                        .repeat(body.length()), callback);
                return true;
            }
        });
        server.start();
        StringBuilder answers = new StringBuilder();
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (int i = 0; i < 100; i++) {
                URI uri = new URI("http", null, connector.getHost(), connector.getLocalPort(), "/" + i, "q=" + i, null);
                HttpResponse<String> answer = client.send(HttpRequest.newBuilder(uri)
                        .POST(HttpRequest.BodyPublishers.ofString("b".repeat(i % 20)))
                        .build(), HttpResponse.BodyHandlers.ofString());
                answers.append(answer.statusCode()).append(answer.headers().map().get("x-length"))
                        .append(answer.body());
            }
        }
        server.stop();
        return answers.length() + " " + answers.toString().hashCode() + " " + answers.indexOf("true");
    }

    private static String groovy() {
        return String.valueOf(new GroovyShell().evaluate("""
                def f(n) { n < 2 ? n : f(n - 1) + f(n - 2) }
                def m = [a: 1, b: [2, 3]]
                def s = 0
                (1..500).each { s += it % 7 }
                "${f(12)} ${m.b.sum()} ${s} ${[3, 1, 2].sort().collect { it * 2 }}"
                """));
    }

    private static String kotlin() {
        var squares = SequencesKt.map(SequencesKt.generateSequence(1, i -> i + 1), i -> i * i);
        return SequencesKt.toList(SequencesKt.take(SequencesKt.filter(squares, i -> i % 3 == 1), 20))
                + StringsKt.padStart("x", 5, '-') + StringsKt.reversed("abc");
    }

    /** Compiles a class, and returns the hash of the class file. */
    private static String javac() throws Exception {
        Path folder = Files.createTempDirectory("rseq4j-agent-test");
        Path source = folder.resolve("A.java");
        Files.writeString(source, """
                import java.util.*;
                public class A<T extends Comparable<T>> {
                    record P(int x, String s) {}
                    sealed interface S permits Q, R {}
                    record Q(long v) implements S {}
                    record R(P p) implements S {}
                    static Object f(S s) { return switch (s) { case Q(var v) when v > 3 -> v; case Q q -> q;
                        case R(P(int x, var t)) -> t + x; }; }
                    T max(List<? extends T> all) { return all.stream().max(Comparator.naturalOrder()).orElse(null); }
                }
                """);
        int status = ToolProvider.getSystemJavaCompiler().run(null, null, null, "-proc:none", source.toString());
        Path made = folder.resolve("A.class");
        String result = status + " " + Arrays.hashCode(Files.readAllBytes(made));
        try (var all = Files.list(folder)) {
            for (Path each : all.toList()) {
                Files.delete(each);
            }
        }
        Files.delete(folder);
        return result;
    }
}
