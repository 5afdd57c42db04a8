package io.github.rseq4j;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The table of rooms in DESIGN.md: a package a row, bottom up, with the rows that it may refer to. */
final class TidyRooms {
    private static final String BASE = "io.github.rseq4j.";
    private static final String FACADE = "Rseq";
    private static final String ALL = "all";
    private static final Pattern ROW =
            Pattern.compile("\\| `([A-Za-z0-9.]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|");
    private static final Pattern NAME = Pattern.compile("`([A-Za-z0-9.]+)`");

    /** The rooms to which each room may refer, in the order of the rows. */
    private final Map<String, Set<String>> rooms = new LinkedHashMap<>();
    private final List<String> faults = new ArrayList<>();

    /**
     * Reads the table.
     *
     * @param design the text of DESIGN.md
     */
    TidyRooms(String design) {
        for (String line : design.lines().dropWhile(l -> !l.equals("## The house")).skip(1)
                .takeWhile(l -> !l.startsWith("## ")).toList()) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                add(row.group(1), row.group(3));
            }
        }
    }

    private void add(String room, String mayReferTo) {
        Set<String> named = new TreeSet<>(NAME.matcher(mayReferTo).results().map(m -> m.group(1)).toList());
        for (String other : named) {
            if (!rooms.containsKey(other)) {
                faults.add("DESIGN.md: `" + room + "` may not refer to `" + other + "`, which is no row above");
            }
        }
        if (rooms.put(room, mayReferTo.strip().equals(ALL) ? Set.copyOf(rooms.keySet()) : named) != null) {
            faults.add("DESIGN.md: `" + room + "` has two rows");
        }
    }

    /** Returns the faults of the table alone. */
    List<String> faults() {
        return List.copyOf(faults);
    }

    /** Returns the names of the rooms. */
    Set<String> names() {
        return rooms.keySet();
    }

    /**
     * Returns the room of a class.
     *
     * @param className its name, of one of our packages
     */
    String room(String className) {
        String[] parts = className.substring(BASE.length()).split("[.$]", -1);
        StringBuilder room = new StringBuilder();
        int first = 0;
        while (first < parts.length && isPackage(parts[first])) {
            room.append(room.isEmpty() ? "" : ".").append(parts[first]);
            first++;
        }
        String ofClass = first == parts.length ? "" : room + (room.isEmpty() ? "" : ".") + parts[first];
        if (rooms.containsKey(ofClass)) {
            return ofClass;
        }
        return room.isEmpty() ? FACADE : room.toString();
    }

    private static boolean isPackage(String part) {
        return !part.isEmpty() && Character.isLowerCase(part.charAt(0)) && !part.equals("package-info");
    }

    /**
     * Returns the faults of a reference.
     *
     * @param from the class that refers
     * @param to the class it refers to
     */
    List<String> faults(String from, String to) {
        String room = room(from);
        String other = room(to);
        Set<String> mayReferTo = rooms.get(room);
        if (mayReferTo == null) {
            return List.of("room `" + room + "` has no row in DESIGN.md");
        }
        return room.equals(other) || mayReferTo.contains(other) ? List.of()
                : List.of("package order: `" + room + "` may not refer to `" + other + "`: " + to);
    }
}
