package io.github.rseq4j.cli.trace;

import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Selects the events for which the user asked. */
final class TraceFilter {
    private static final Pattern OFFSET = Pattern.compile("\\+?(\\d{1,12}(?:\\.\\d{1,9})?)(s|ms|us|ns)");
    private static final Map<String, Double> NANOS = Map.of("s", 1e9, "ms", 1e6, "us", 1e3, "ns", 1.0);

    private final List<Pattern> names;
    private final @Nullable Integer cpu;
    private final @Nullable String from;
    private final @Nullable String to;
    private @Nullable Instant first;
    private @Nullable Instant last;
    private boolean isStarted;

    /**
     * @param globs patterns of events' names, one of which must match; empty for all names
     * @param cpu the CPU index, or null for all
     * @param from the first time, inclusive, or null
     * @param to the last time, exclusive, or null
     * @throws InputException if a time cannot be parsed, or the index is negative
     */
    TraceFilter(List<String> globs, @Nullable Integer cpu, @Nullable String from, @Nullable String to) {
        this.names = globs.stream().map(TraceFilter::pattern).toList();
        this.cpu = cpu;
        this.from = from;
        this.to = to;
        if (cpu != null && cpu < 0) {
            throw new InputException("--cpu=" + cpu + ": must be 0 or more");
        }
        time("--from", from, Instant.EPOCH);
        time("--to", to, Instant.EPOCH);
    }

    private static Pattern pattern(String glob) {
        StringBuilder pattern = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            pattern.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
        }
        return Pattern.compile(pattern.toString(), Pattern.DOTALL);
    }

    private static @Nullable Instant time(String option, @Nullable String text, Instant start) {
        if (text == null) {
            return null;
        }
        Matcher offset = OFFSET.matcher(text);
        if (offset.matches()) {
            double nanos = Double.parseDouble(offset.group(1)) * NANOS.getOrDefault(offset.group(2), 1.0);
            return start.plusNanos(Math.round(nanos));
        }
        try {
            return Instant.parse(text);
        } catch (DateTimeException _) {
            throw new InputException(option + "=" + text + ": is not a time; give an instant such as"
                    + " 2026-11-24T12:00:00.5Z, or a time since the first event such as 1.5s, 20ms, 300us or 7ns");
        }
    }

    /** Tells whether an event is selected. The first event that is passed must be the trace's first. */
    boolean accepts(TraceEvent event, TraceClock clock) {
        Instant now = clock.instant(event.timestamp());
        if (!isStarted) {
            isStarted = true;
            first = time("--from", from, now);
            last = time("--to", to, now);
        }
        return (cpu == null || cpu == event.cpu())
                && (first == null || !now.isBefore(first)) && (last == null || now.isBefore(last))
                && (names.isEmpty() || names.stream().anyMatch(p -> p.matcher(event.type().name()).matches()));
    }
}
