package io.github.rseq4j.bench.suite;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import tools.jackson.databind.json.JsonMapper;

/** Results as a page with a chart for each family. The page loads nothing else. */
final class HtmlReport {
    private HtmlReport() {}

    static byte[] of(Results results) throws IOException {
        StringBuilder page = new StringBuilder();
        for (String piece : resource("bench.html").split("@", -1)) {
            page.append(switch (piece) {
                case "LICENSE" -> resource("chartjs-LICENSE.md");
                case "CHART" -> resource("chart.umd.min.js");
                case "SCRIPT" -> resource("bench.js");
                // No text of the data may end the element that contains it.
                case "DATA" -> JsonMapper.shared().writeValueAsString(results).replace("<", "\\u003c");
                default -> piece;
            });
        }
        return page.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(HtmlReport.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
