package io.github.rseq4j.demo.page;

import io.github.rseq4j.analysis.page.Page;
import io.github.rseq4j.analysis.text.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;

/**
 * Writes the page: the table, the latency curves, the timeline of the slow request, the machine. It loads nothing else.
 * The timeline is the page of a trace, compressed, in a frame.
 */
public final class DemoPage {
    private static final List<String> SCRIPTS = List.of("format", "decode");

    private DemoPage() {}

    /**
     * Writes the page.
     *
     * @param facts its data
     * @param trace the page of the slow request's trace, in UTF-8, or nothing
     * @param out the target
     */
    public static void write(Map<String, Object> facts, byte[] trace, OutputStream out) throws IOException {
        Writer to = new OutputStreamWriter(out, StandardCharsets.UTF_8);
        for (String piece : resource("demo.html").split("@", -1)) {
            switch (piece) {
                case "STYLE" -> to.write(Page.resource("uPlot.min.css") + Page.resource("page.css")
                        + resource("demo.css"));
                case "LICENSE" -> to.write(Page.resource("uPlot-LICENSE.txt"));
                case "UPLOT" -> to.write(Page.resource("uPlot.iife.min.js"));
                case "SCRIPT" -> {
                    for (String script : SCRIPTS) {
                        to.write(Page.resource(script + ".js"));
                    }
                    to.write(resource("demo.js"));
                }
                case "DATA" -> Json.inPage(to).value(facts);
                case "TRACE" -> to.write(compressed(trace));
                default -> to.write(piece);
            }
        }
        to.flush();
    }

    private static String compressed(byte[] text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(text);
        }
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(DemoPage.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
