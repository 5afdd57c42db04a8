package io.github.rseq4j.agent.rule;

import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text form of the agent's options: items separated by semicolons, the options of a rule separated by commas. A
 * value with a separator stands in double quotes, and a double quote in it is doubled.
 */
final class AgentText {
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,99}(?:\\.[0-9]{1,99})?)(ns|us|ms|s)");
    private static final BigDecimal MAX_NANOS = BigDecimal.valueOf(Long.MAX_VALUE);
    private static final long MAX_SECONDS = Long.MAX_VALUE / 1_000_000_000;
    private static final Map<String, Long> UNITS = units();
    private static final String QUOTED = ",;=\"#";

    private AgentText() {}

    private static Map<String, Long> units() {
        Map<String, Long> units = new LinkedHashMap<>();
        units.put("s", 1_000_000_000L);
        units.put("ms", 1_000_000L);
        units.put("us", 1_000L);
        units.put("ns", 1L);
        return units;
    }

    /** Returns the parts between separators that are not in quotes, without blanks around them, and no empty part. */
    static List<String> split(String text, char separator) {
        List<String> parts = new ArrayList<>();
        boolean isQuoted = false;
        int start = 0;
        for (int at = 0; at <= text.length(); at++) {
            if (at == text.length() || text.charAt(at) == separator && !isQuoted) {
                String part = text.substring(start, at).strip();
                if (!part.isEmpty()) {
                    parts.add(part);
                }
                start = at + 1;
            } else if (text.charAt(at) == '"') {
                isQuoted = !isQuoted;
            }
        }
        if (isQuoted) {
            throw new RuleException("a double quote has no end: " + text);
        }
        return parts;
    }

    /** Returns the name at the beginning of {@code name=value}, of {@code name}, or of several with commas. */
    static String name(String item) {
        int end = 0;
        while (end < item.length() && item.charAt(end) != '=' && item.charAt(end) != ',') {
            end++;
        }
        return item.substring(0, end).strip();
    }

    /** Returns the value of an item, without quotes; empty if there is none. */
    static String value(String item) {
        int end = item.indexOf('=');
        String value = end < 0 ? "" : item.substring(end + 1).strip();
        if (!value.startsWith("\"")) {
            if (value.contains("\"")) {
                throw new RuleException(item + " has a double quote inside a value: quote the whole value, and double"
                        + " the quotes in it");
            }
            return value;
        }
        String inside = value.length() < 2 ? "\"" : value.substring(1, value.length() - 1);
        if (!value.endsWith("\"") || inside.replace("\"\"", "").contains("\"")) {
            throw new RuleException(item + " has text after a quoted value: quote the whole value, and double the"
                    + " quotes in it");
        }
        return inside.replace("\"\"", "\"");
    }

    /** Returns an item whose value {@link #value} reads back. */
    static String item(String name, String value) {
        boolean isQuoted = !value.equals(value.strip());
        for (int at = 0; at < value.length(); at++) {
            if (Character.isISOControl(value.charAt(at))) {
                throw new RuleException(name + "=" + value + " has a control character, which options cannot hold");
            }
            isQuoted |= QUOTED.indexOf(value.charAt(at)) >= 0;
        }
        return name + "=" + (isQuoted ? "\"" + value.replace("\"", "\"\"") + "\"" : value);
    }

    /**
     * Reads a path.
     *
     * @throws RuleException if it is none
     */
    static Path path(String name, String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new RuleException(name + "=" + value + " is no path: " + e.getReason());
        }
    }

    /** Returns the nanoseconds of a duration such as 10ms; at least 1. */
    static long nanos(String name, String value) {
        Matcher m = DURATION.matcher(value);
        if (m.matches()) {
            BigDecimal nanos = new BigDecimal(m.group(1)).multiply(BigDecimal.valueOf(
                    UNITS.getOrDefault(m.group(2), 1L)));
            if (nanos.compareTo(MAX_NANOS) > 0) {
                throw new RuleException(name + "=" + value + " is too long: at most " + MAX_SECONDS + "s are possible");
            }
            if (nanos.stripTrailingZeros().scale() > 0) {
                throw new RuleException(name + "=" + value + " is not a whole number of nanoseconds");
            }
            if (nanos.signum() > 0) {
                return nanos.longValueExact();
            }
        }
        throw new RuleException(name + "=" + value + " is no duration above 0: a number with a unit is required, such"
                + " as 7ns, 300us, 10ms or 1.5s");
    }

    /** Returns the shortest text of a duration that has no fraction. */
    static String duration(long nanos) {
        for (Map.Entry<String, Long> unit : UNITS.entrySet()) {
            if (nanos % unit.getValue() == 0) {
                return nanos / unit.getValue() + unit.getKey();
            }
        }
        throw new AssertionError("nanos=" + nanos);
    }

    /** Returns a number from 1 to a maximum, followed by a unit. */
    static int number(String name, String value, String unit, int max) {
        String digits = value.endsWith(unit) ? value.substring(0, value.length() - unit.length()) : "";
        if (digits.matches("[0-9]{1,10}")) {
            long number = Long.parseLong(digits);
            if (number >= 1 && number <= max) {
                return (int) number;
            }
        }
        throw new RuleException(name + "=" + value + ": a number from 1 to " + max
                + (unit.isEmpty() ? "" : " followed by " + unit) + " is required, such as 10" + unit);
    }
}
