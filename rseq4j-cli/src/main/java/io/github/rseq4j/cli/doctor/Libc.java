package io.github.rseq4j.cli.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The name of this process's libc, for display only. */
final class Libc {
    private static final Path MAPS = Path.of("/proc/self/maps");
    private static final Pattern GLIBC = Pattern.compile("GNU C Library [^\\n]*version ([0-9.]*[0-9])");
    private static final Pattern MUSL = Pattern.compile("musl");

    private Libc() {}

    /** Returns the name and version, or {@code unknown}. */
    static String name() {
        try {
            Optional<Path> file = Files.readAllLines(MAPS).stream()
                    .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                    .filter(path -> path.matches(".*/(libc\\.so\\.6|libc-[0-9.]+\\.so|ld-musl[^/]*)"))
                    .map(Path::of).findFirst();
            if (file.isEmpty()) {
                return "unknown";
            }
            if (MUSL.matcher(file.get().toString()).find()) {
                return "musl";
            }
            Matcher version = GLIBC.matcher(new String(Files.readAllBytes(file.get()), StandardCharsets.ISO_8859_1));
            return version.find() ? "glibc " + version.group(1) : "glibc";
        } catch (IOException e) {
            return "unknown";
        }
    }
}
