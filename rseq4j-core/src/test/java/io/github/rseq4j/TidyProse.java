package io.github.rseq4j;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The rules for prose in comments and documents: a sentence has a subject with a name, and "before" and "after" express
 * order. A few phrases that break these rules are found; the rules themselves are in CONTRIBUTING.md.
 */
final class TidyProse {
    /** A literal, which is skipped, or a comment. */
    private static final Pattern TOKEN = Pattern.compile("\"\"\"[\\s\\S]*?\"\"\"|\"(?:\\\\.|[^\"\\\\\n])*+\""
            + "|'(?:\\\\.|[^'\\\\\n])*+'|/\\*[\\s\\S]*?\\*/|//[^\n]*");
    private static final Pattern MARGIN = Pattern.compile("(?m)^[ \t]*(?:/\\*\\*?|\\*(?!/)|//)[ \t]?|\\*/$");
    private static final Pattern JAVA_CODE = Pattern.compile("<pre>[\\s\\S]*?</pre>|\\{@(?:code|link|snippet)[^}]*}");
    private static final Pattern PAGE_CODE =
            Pattern.compile("(?m)^```[\\s\\S]*?^```$|^#.*$|`[^`\n]*`|<!--[\\s\\S]*?-->");

    private static final int CONTEXT_CHARS = 20;
    /** Separates comments. */
    private static final String END = "\u0001";

    /** Returns the pattern of a sentence that begins with a word and is not a question. */
    private static String sentence(String word) {
        return "(?:^|(?<=" + END + "\\s{0,8})|(?<=[.;:]\\s{1,8})|(?<=\n\n)|(?<=[|>] ?))" + word
                + "\\s+[a-z{](?![^.!" + END + "]*\\?)";
    }

    private static final List<Rule> RULES = List.of(
            new Rule("\\bwho(?:m)?ever\\b", "name the subject"),
            new Rule(sentence("Who"), "begin with the subject"),
            new Rule(sentence("What"), "begin with the subject"),
            new Rule("\\b(?:of|by|from)\\s+who\\b", "name the subject"),
            new Rule("(?i)\\b(?:nobody|somebody)\\b", "name the thread, library or process"),
            new Rule("\\bahead\\s+of\\b(?!\\s+time)", "write before"),
            new Rule("(?<!left |leaves |leave |lags |falls |hides )\\bbehind\\s+(?:it|that|this|these|those|them|him"
                    + "|the|an?|each|all|its|what)\\b(?!\\s+scenes)", "write after"),
            new Rule("\\blets?\\s+go\\b", "write release, detach or drop"));

    /** A phrase, with the advice for its place. */
    private record Rule(Pattern phrase, String advice) {
        Rule(String phrase, String advice) {
            this(Pattern.compile(phrase), advice);
        }
    }

    private TidyProse() {}

    /** Returns the faults in the prose of a source or of a page: path, line, phrase and advice. */
    static List<String> faults(String path, String text) {
        String prose = path.endsWith(".java") ? comments(text) : blanked(PAGE_CODE, text);
        List<String> faults = new ArrayList<>();
        for (Rule rule : RULES) {
            for (Matcher found = rule.phrase().matcher(prose); found.find(); ) {
                long line = 1 + prose.substring(0, found.start()).chars().filter(c -> c == '\n').count();
                String phrase = prose.substring(found.start(), Math.min(prose.length(), found.end() + CONTEXT_CHARS));
                faults.add(path + ":" + line + ": \"" + phrase.replaceAll("[" + END + "\\s]+", " ").strip() + "\": "
                        + rule.advice());
            }
        }
        return faults;
    }

    /** Returns the comments of a source in their lines, without their margins and without code. */
    private static String comments(String source) {
        StringBuilder comments = new StringBuilder();
        int end = 0;
        for (MatchResult token : TOKEN.matcher(source).results().toList()) {
            comments.append(newlines(source.substring(end, token.start())));
            String text = token.group();
            comments.append(text.startsWith("/")
                    ? END + blanked(JAVA_CODE, MARGIN.matcher(text).replaceAll("")) + END : newlines(text));
            end = token.end();
        }
        return comments.toString();
    }

    private static String blanked(Pattern code, String text) {
        return code.matcher(text).replaceAll(found -> newlines(found.group()));
    }

    private static String newlines(String text) {
        return text.replaceAll("[^\n]", "");
    }
}
