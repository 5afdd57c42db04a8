package io.github.rseq4j.cli.io;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Finds the names that the user may have meant by a misspelt one. */
final class Suggestions {
    private static final int MOST = 3;
    private static final int CHARS_FOR_EACH_MISTAKE = 3;

    private Suggestions() {}

    /**
     * Returns the names that differ from a word by at most one mistake for each three characters of the word. A mistake
     * is a character that is too many, missing, wrong, or exchanged with its neighbour. Case does not count.
     *
     * @param word the misspelt word
     * @param names the names that exist
     * @return at most three names, the nearest first
     */
    static List<String> of(String word, Collection<String> names) {
        String wanted = word.toLowerCase(Locale.ROOT);
        int limit = wanted.length() / CHARS_FOR_EACH_MISTAKE;
        return names.stream().filter(name -> distance(wanted, name.toLowerCase(Locale.ROOT)) <= limit)
                .sorted(Comparator.comparingInt((String name) -> distance(wanted, name.toLowerCase(Locale.ROOT)))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(MOST).toList();
    }

    /** Returns the distance of two words in mistakes (optimal string alignment). */
    static int distance(String one, String other) {
        int[] beforeLast = new int[other.length() + 1];
        int[] last = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            last[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int[] row = new int[other.length() + 1];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                boolean isSame = one.charAt(i - 1) == other.charAt(j - 1);
                row[j] = Math.min(last[j - 1] + (isSame ? 0 : 1), Math.min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && one.charAt(i - 1) == other.charAt(j - 2)
                        && one.charAt(i - 2) == other.charAt(j - 1)) {
                    row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
                }
            }
            beforeLast = last;
            last = row;
        }
        return last[other.length()];
    }
}
