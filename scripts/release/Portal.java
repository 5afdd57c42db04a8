import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Stands in for the portal of Maven Central, on the loopback interface. {@code java Portal.java BUNDLE ADDRESS} writes
 * its own address to the file ADDRESS and the last upload to the file BUNDLE, and reports each upload as valid. It runs
 * until it is killed.
 */
final class Portal {
    private static final String ID = "28570f16-da32-4c14-bd2e-c1acc0782365";

    private Portal() {}

    public static void main(String[] arguments) throws IOException {
        Path bundle = Path.of(arguments[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            System.out.println(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            byte[] body = exchange.getRequestBody().readAllBytes();
            String path = exchange.getRequestURI().getPath();
            if (exchange.getRequestHeaders().getFirst("Authorization") == null) {
                answer(exchange, 401, "no token");
            } else if (path.endsWith("/publisher/upload")) {
                Files.write(bundle, part(body));
                answer(exchange, 201, ID);
            } else if (path.endsWith("/publisher/status")) {
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                answer(exchange, 200, "{\"deploymentId\":\"" + ID + "\",\"deploymentName\":\"rseq4j\","
                        + "\"deploymentState\":\"VALIDATED\",\"purls\":[]}");
            } else {
                answer(exchange, 404, "unknown");
            }
        });
        server.start();
        Path address = Path.of(arguments[1]);
        Path written = Files.writeString(Path.of(address + ".part"),
                "http://localhost:" + server.getAddress().getPort());
        Files.move(written, address);
    }

    /** Returns the content of the only part of a multipart body. */
    private static byte[] part(byte[] body) {
        String text = new String(body, StandardCharsets.ISO_8859_1);
        String boundary = text.substring(0, text.indexOf("\r\n"));
        return Arrays.copyOfRange(body, text.indexOf("\r\n\r\n") + 4, text.lastIndexOf("\r\n" + boundary));
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
