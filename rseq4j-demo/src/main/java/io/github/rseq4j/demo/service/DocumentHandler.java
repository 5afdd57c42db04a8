package io.github.rseq4j.demo.service;

import io.github.rseq4j.demo.side.Kind;
import io.github.rseq4j.demo.side.ServiceEvents;
import io.github.rseq4j.demo.side.Side;
import io.github.rseq4j.trace.Span;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Answers requests: {@code POST /documents/ID} parses a document, looks it up and answers it; {@code PUT} stores it,
 * too; {@code GET /report} reports the stored documents; {@code GET /metrics} is for Prometheus, and is not counted.
 */
final class DocumentHandler extends Handler.Abstract {
    private static final String DOCUMENTS = "/documents/";
    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;
    private static final int FAILED = 500;

    private final Side side;
    private final ServiceEvents events;
    private final JsonMapper json;
    private final Catalogue catalogue;
    private final SlowRequests slow;
    private final AtomicLong requests = new AtomicLong();

    /** The answer to a document. */
    record Parsed(int nodes, int bytes, Catalogue.@Nullable Entry stored, JsonNode document) {}

    /** An answer without a value. */
    record Outcome(String outcome) {}

    /** An answer, and the time of the request's wait for the lock of the catalogue, in nanoseconds. */
    private record Answer(Kind kind, int status, Object body, long waitNanos) {
        Answer(Kind kind, int status, Object body) {
            this(kind, status, body, 0);
        }
    }

    DocumentHandler(Side side, Catalogue catalogue, SlowRequests slow) {
        this.side = side;
        this.events = side.events();
        this.json = JsonMapper.builder(JsonFactory.builder().recyclerPool(side.pool()).build()).build();
        this.catalogue = catalogue;
        this.slow = slow;
    }

    /** Returns the number of the last request. */
    long requests() {
        return requests.get();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws IOException {
        String path = Request.getPathInContext(request);
        if (path.equals("/metrics")) {
            send(response, callback, OK, "text/plain; version=0.0.4; charset=utf-8",
                    side.metrics().getBytes(StandardCharsets.UTF_8));
            return true;
        }
        long start = System.nanoTime();
        long id = requests.incrementAndGet();
        Answer answer;
        byte[] body;
        try (Span _ = events.request(id, request.getMethod(), path)) {
            answer = answer(request, path);
            try {
                body = written(answer);
            } catch (JacksonException e) {
                // A document may be read and yet be nested too deeply to be written as a part of an answer.
                answer = refused(e);
                body = written(answer);
            }
            events.answer(answer.status(), body.length);
        }
        // Counted before the client has the answer, so that its count is never greater than this one.
        long nanos = System.nanoTime() - start;
        side.count(answer.kind(), nanos);
        slow.check(id, path, nanos, answer.waitNanos());
        send(response, callback, answer.status(), "application/json", body);
        return true;
    }

    private byte[] written(Answer answer) {
        try (Span _ = events.write()) {
            return json.writeValueAsBytes(answer.body());
        }
    }

    private static Answer refused(JacksonException e) {
        return new Answer(Kind.REFUSED, BAD_REQUEST, new Outcome(e.getOriginalMessage()));
    }

    private static void send(Response response, Callback callback, int status, String type, byte[] body) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
        response.write(true, ByteBuffer.wrap(body), callback);
    }

    private Answer answer(Request request, String path) throws IOException {
        String method = request.getMethod();
        try {
            if (path.equals("/report") && method.equals("GET")) {
                return new Answer(Kind.REPORT, OK, catalogue.report());
            }
            if (path.startsWith(DOCUMENTS) && (method.equals("POST") || method.equals("PUT"))) {
                return document(request, Integer.parseInt(path.substring(DOCUMENTS.length())), method.equals("PUT"));
            }
            return new Answer(Kind.OTHER, NOT_FOUND, new Outcome("no such page"));
        } catch (JacksonException e) {
            return refused(e);
        } catch (NumberFormatException e) {
            return new Answer(Kind.OTHER, BAD_REQUEST, new Outcome(String.valueOf(e.getMessage())));
        } catch (SQLException e) {
            return new Answer(Kind.OTHER, FAILED, new Outcome(String.valueOf(e.getMessage())));
        }
    }

    private Answer document(Request request, int id, boolean isStored) throws IOException, SQLException {
        byte[] body = BufferUtil.toArray(Content.Source.asByteBuffer(request));
        JsonNode document;
        try (Span _ = events.parse(body.length)) {
            document = json.readValue(body, JsonNode.class);
        }
        int nodes = nodes(document);
        long waitNanos = isStored ? catalogue.store(id, nodes, body.length) : 0;
        return new Answer(isStored ? Kind.STORE : Kind.READ, OK,
                new Parsed(nodes, body.length, catalogue.find(id).orElse(null), document), waitNanos);
    }

    private static int nodes(JsonNode node) {
        int nodes = 1;
        for (JsonNode each : node) {
            nodes += nodes(each);
        }
        return nodes;
    }
}
