package io.github.rseq4j.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of {@link PeersReport} and {@link AgentReport}: {@code [short] [ROUNDS] [MINUTESm] [GROUP]...}.
 *
 * @param isShort whether the run only checks that everything works
 * @param rounds the number of rounds, by default 5 of {@link PeersReport}
 * @param minutes the number of minutes after which no round may end, except the first one; by default 15 of
 *     {@link PeersReport}
 * @param groups the groups, by default all but {@code log} of {@link PeersReport}
 */
record PeersPlan(boolean isShort, int rounds, int minutes, List<String> groups) {
    private static final List<String> GROUPS = List.of("clock", "longs", "span", "text", "bytes", "stream");
    private static final String LOG = "log";
    private static final List<Integer> THREADS = List.of(1, 2, 8);
    private static final int ROUNDS = 5;
    private static final int MINUTES = 15;
    private static final int SHORT_MILLIS = 50;

    static PeersPlan of(List<String> arguments) {
        return of(arguments, ROUNDS, MINUTES, GROUPS, List.of(LOG));
    }

    /**
     * Reads arguments.
     *
     * @param arguments the arguments
     * @param mostRounds the number of rounds of a run that is not short
     * @param mostMinutes the number of minutes
     * @param groups the groups of a run that names none
     * @param more more groups
     * @throws IllegalArgumentException if they are wrong
     */
    static PeersPlan of(List<String> arguments, int mostRounds, int mostMinutes, List<String> groups,
            List<String> more) {
        List<String> words = new ArrayList<>(arguments);
        boolean isShort = words.remove("short");
        int rounds = isShort ? 1 : mostRounds;
        int minutes = mostMinutes;
        if (!words.isEmpty() && words.getFirst().matches("[1-9]\\d{0,3}")) {
            rounds = Integer.parseInt(words.removeFirst());
        }
        if (!words.isEmpty() && words.getFirst().matches("[1-9]\\d{0,3}m")) {
            minutes = Integer.parseInt(words.removeFirst().replace("m", ""));
        }
        for (String word : words) {
            if (!groups.contains(word) && !more.contains(word)) {
                throw new IllegalArgumentException("arguments=" + arguments + ", expected [short] [ROUNDS] [MINUTESm]"
                        + " [GROUP...] with groups of " + groups
                        + (more.isEmpty() ? "" : " or " + String.join(" ", more)));
            }
        }
        return new PeersPlan(isShort, rounds, minutes, words.isEmpty() ? groups : words);
    }

    List<Integer> threads() {
        return isShort ? THREADS.subList(0, 1) : THREADS;
    }

    int millis(int full) {
        return isShort ? SHORT_MILLIS : full;
    }

    /** Describes the machine, the kernel and the JDK. */
    static String machine() throws IOException {
        String processor = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip()).findFirst()
                .orElse("processor without a name");
        return processor + ", " + Runtime.getRuntime().availableProcessors() + " CPUs; Linux "
                + System.getProperty("os.version") + "; JDK " + Runtime.version();
    }
}
