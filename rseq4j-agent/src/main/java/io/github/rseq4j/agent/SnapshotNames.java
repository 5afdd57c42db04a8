package io.github.rseq4j.agent;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The names of snapshots. */
final class SnapshotNames {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

    private SnapshotNames() {}

    /**
     * Returns a path that does not exist, named by the time (UTC).
     *
     * @param folder the folder of the snapshots
     * @param prefix what the name begins with
     */
    static Path next(Path folder, String prefix) {
        String name = prefix + TIME.format(Instant.now());
        Path path = folder.resolve(name);
        for (int i = 2; Files.exists(path, LinkOption.NOFOLLOW_LINKS); i++) {
            path = folder.resolve(name + "-" + i);
        }
        return path;
    }
}
