package io.github.rseq4j.bench.report;

import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of {@link PeersReport}: {@code [short] [ROUNDS] [MINUTESm] [GROUP]...}.
 *
 * @param isShort whether the run only checks that everything works
 * @param rounds the number of rounds, by default 5
 * @param minutes the number of minutes after which no round may end, except the first one; by default 15
 * @param groups the groups, by default all but {@code log}
 */
record PeersPlan(boolean isShort, int rounds, int minutes, List<String> groups) {
    private static final List<String> GROUPS = List.of("clock", "longs", "span", "text", "bytes", "stream");
    private static final String LOG = "log";
    private static final List<Integer> THREADS = List.of(1, 2, 8);
    private static final int ROUNDS = 5;
    private static final int MINUTES = 15;
    private static final int SHORT_MILLIS = 50;

    static PeersPlan of(List<String> arguments) {
        List<String> words = new ArrayList<>(arguments);
        boolean isShort = words.remove("short");
        int rounds = isShort ? 1 : ROUNDS;
        int minutes = MINUTES;
        if (!words.isEmpty() && words.getFirst().matches("[1-9]\\d{0,3}")) {
            rounds = Integer.parseInt(words.removeFirst());
        }
        if (!words.isEmpty() && words.getFirst().matches("[1-9]\\d{0,3}m")) {
            minutes = Integer.parseInt(words.removeFirst().replace("m", ""));
        }
        for (String word : words) {
            if (!GROUPS.contains(word) && !word.equals(LOG)) {
                throw new IllegalArgumentException("arguments=" + arguments + ", expected [short] [ROUNDS] [MINUTESm]"
                        + " [GROUP...] with groups of " + GROUPS + " or " + LOG);
            }
        }
        return new PeersPlan(isShort, rounds, minutes, words.isEmpty() ? GROUPS : words);
    }

    List<Integer> threads() {
        return isShort ? THREADS.subList(0, 1) : THREADS;
    }

    int millis(int full) {
        return isShort ? SHORT_MILLIS : full;
    }
}
