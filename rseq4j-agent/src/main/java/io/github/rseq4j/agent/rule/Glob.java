package io.github.rseq4j.agent.rule;

import java.util.Arrays;

/**
 * A pattern of names whose parts are separated by dots. {@code *} stands for any characters of one part, {@code **}
 * for any characters with dots, {@code ?} for one character that is not a dot. {@code **.} at the beginning of a part
 * stands for any number of whole parts, also for none.
 */
final class Glob {
    /* How it works
     *
     * The matcher walks over the codes and the text. At a mismatch it returns to the last wildcard and lets it take one
     * character more: first the last *, and when that would cross a dot, the last **. A wildcard before the last one
     * need not be reconsidered, because the last one can take all that the other would take. So a match costs at most
     * the product of both lengths, and no glob is too slow for the thread that loads a class. A regular expression was
     * refused: it backtracks over all wildcards. */

    private static final int ONE = -1;
    private static final int STAR = -2;
    private static final int ANY = -3;
    private static final int PARTS = -4;

    private final String text;
    private final int[] codes;
    private final boolean isLiteral;

    Glob(String text) {
        this.text = text;
        int[] all = new int[text.length()];
        int count = 0;
        boolean literal = true;
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '*') {
                boolean begins = at == 0 || text.charAt(at - 1) == '.';
                int end = at;
                while (end < text.length() && text.charAt(end) == '*') {
                    end++;
                }
                boolean isAny = end - at > 1;
                boolean areParts = isAny && begins && end < text.length() && text.charAt(end) == '.';
                all[count++] = areParts ? PARTS : isAny ? ANY : STAR;
                at = areParts ? end : end - 1;
            } else {
                all[count++] = c == '?' ? ONE : c;
            }
            literal &= all[count - 1] >= 0;
        }
        this.codes = Arrays.copyOf(all, count);
        this.isLiteral = literal;
    }

    /** Tells whether the glob has no wildcard, so it matches one name. */
    boolean isLiteral() {
        return isLiteral;
    }

    /** Tells whether a name matches. */
    boolean matches(String name) {
        if (isLiteral) {
            return text.equals(name);
        }
        int code = 0;
        int at = 0;
        int star = -1;
        int starAt = 0;
        int any = -1;
        int anyAt = 0;
        while (true) {
            int c = code < codes.length ? codes[code] : 0;
            if (c == STAR) {
                star = ++code;
                starAt = at;
            } else if (c == ANY || c == PARTS) {
                any = ++code;
                anyAt = at;
                star = -1;
            } else if (code < codes.length && at < name.length()
                    && (c == ONE ? name.charAt(at) != '.' : name.charAt(at) == c)) {
                code++;
                at++;
            } else if (code == codes.length && at == name.length()) {
                return true;
            } else if (star >= 0 && starAt < name.length() && name.charAt(starAt) != '.') {
                at = ++starAt;
                code = star;
            } else if (any >= 0 && anyAt < name.length()) {
                anyAt = codes[any - 1] == PARTS ? name.indexOf('.', anyAt) + 1 : anyAt + 1;
                if (anyAt == 0) {
                    return false;
                }
                at = anyAt;
                code = any;
                star = -1;
            } else {
                return false;
            }
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
