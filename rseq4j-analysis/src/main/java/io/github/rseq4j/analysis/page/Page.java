package io.github.rseq4j.analysis.page;

import io.github.rseq4j.analysis.text.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongFunction;

/** Writes a page: skeleton, style, script, and the data. The page loads nothing else. */
public final class Page {
    /* How it works
     *
     * The size of the page is known only after the data are compressed. A page that is too large is made again from
     * fewer arguments, and then from fewer marks.
     */
    private static final List<String> SCRIPTS = List.of("format", "decode", "model", "palette", "view", "chart",
            "details", "statistics", "flame", "counters", "tables", "search", "keys", "main");
    private static final double SAFE = 0.97;
    private static final double LEAST = 0.5;
    private static final double MARKS_PART = 0.7;

    private final PageData data;
    private final LongFunction<String> threadName;
    private final long maxBytes;
    private int fixedBytes;
    private int argumentBytes;
    private int markBytes;

    /**
     * Creates a page.
     *
     * @param data the data
     * @param threadName returns the name of a virtual thread by its number, or an empty text
     * @param maxBytes the most bytes of the page
     */
    public Page(PageData data, LongFunction<String> threadName, long maxBytes) {
        this.data = data;
        this.threadName = threadName;
        this.maxBytes = maxBytes;
    }

    /**
     * Writes the page.
     *
     * @param facts further entries of the data
     * @param out the target
     * @return what the page has and left out
     */
    public PageCounts write(Map<String, Object> facts, OutputStream out) throws IOException {
        while (true) {
            PageTables tables = new PageTables(data, threadName);
            PageCounts counts = tables.counts(maxBytes);
            byte[] page = render(tables, counts, facts);
            if (page.length <= maxBytes || counts.keptMarks() == 0) {
                out.write(page);
                return counts;
            }
            reduce();
        }
    }

    private void reduce() {
        double room = Math.max(maxBytes * SAFE - fixedBytes, 0);
        double marks = Math.min(1, Math.max(room * MARKS_PART, room - argumentBytes) / Math.max(markBytes, 1));
        double arguments = Math.min(1, Math.max(room - marks * markBytes, 0) / Math.max(argumentBytes, 1) / marks);
        if (marks == 1 && arguments == 1) {
            marks = LEAST;
        }
        data.keep(marks, Double.isFinite(arguments) ? arguments : 0);
    }

    private byte[] render(PageTables tables, PageCounts counts, Map<String, Object> facts) throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        Writer out = new OutputStreamWriter(page, StandardCharsets.UTF_8);
        for (String piece : resource("page.html").split("@", -1)) {
            switch (piece) {
                case "STYLE" -> out.write(resource("uPlot.min.css") + resource("page.css"));
                case "LICENSE" -> out.write(resource("uPlot-LICENSE.txt"));
                case "UPLOT" -> out.write(resource("uPlot.iife.min.js"));
                case "SCRIPT" -> {
                    for (String script : SCRIPTS) {
                        out.write(resource(script + ".js"));
                    }
                }
                case "DATA" -> tables.json(Json.inPage(out), counts, facts);
                case "COLUMNS", "ARGUMENTS" -> {
                    out.flush();
                    byte[] text = piece.equals("COLUMNS") ? tables.columns() : tables.arguments();
                    page.write(text);
                    markBytes = piece.equals("COLUMNS") ? text.length : markBytes;
                    argumentBytes = piece.equals("ARGUMENTS") ? text.length : argumentBytes;
                }
                default -> out.write(piece);
            }
        }
        out.flush();
        fixedBytes = page.size() - markBytes - argumentBytes;
        return page.toByteArray();
    }

    /**
     * Returns a resource of the page, for another page that looks alike.
     *
     * @param name the name of a file beside this class
     */
    public static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(Page.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
