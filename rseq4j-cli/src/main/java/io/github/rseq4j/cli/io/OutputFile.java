package io.github.rseq4j.cli.io;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes the files that the user asks for: each is there whole, or as it was before. */
public final class OutputFile {
    /* How it works
     *
     * The content goes to a file beside, which only its owner may open, and which is renamed at the end: a process that
     * has the old file open or mapped (a library that is preloaded) keeps the old one. It gets the permissions of the
     * file that it replaces, or those that any new file has.
     *
     * Where the target is a link, the file that it leads to is replaced and the link stays, as editors do. A device or
     * FIFO is written as it is; so is what a link below /proc leads to, as /dev/stdout does: it is an open file of some
     * process and not a name. These are opened to append, because a file that the shell has opened so may be behind it.
     */
    private static final int MAX_LINKS = 40;
    private static final Path PROC = Path.of("/proc");
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Set<PosixFilePermission> OWNER = PosixFilePermissions.fromString("rw-------");
    private static final String UMASK = "Umask:";
    private static final int OCTAL = 8;
    private static final int ALL_READ_AND_WRITE = 0666;
    private static final int USUAL_UMASK = 022;

    private OutputFile() {}

    /** What goes into a file. */
    public interface Content {
        /**
         * Writes it.
         *
         * @param out where to
         * @throws IOException when it cannot be written
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes a file.
     *
     * @param option the option that named it
     * @param target the file
     * @param content what goes into it
     * @return whether it is a file of its own, which was replaced; else a device, or an open file of a process
     * @throws InputException when it cannot be written; nothing has changed then
     */
    public static boolean write(String option, Path target, Content content) {
        try {
            Path file = followed(target);
            BasicFileAttributes there = attributes(file);
            if (there != null && there.isDirectory()) {
                throw new FileSystemException(file.toString(), null, "it is a folder");
            }
            if (file.startsWith(PROC) || there != null && !there.isRegularFile()) {
                fill(Files.newOutputStream(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND), content);
                return false;
            }
            replace(file, there != null, content);
            return true;
        } catch (IOException | UncheckedIOException e) {
            throw new InputException(option + "=" + Printable.name(target.toString()) + ": cannot be written: "
                    + RegularFile.why(e));
        }
    }

    private static @Nullable BasicFileAttributes attributes(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException _) {
            return null;
        }
    }

    /** Returns what a path leads to: its last part is no link then, or it is an open file of a process. */
    private static Path followed(Path target) throws IOException {
        Path file = real(target.toAbsolutePath());
        for (int links = 0; Files.isSymbolicLink(file) && !file.startsWith(PROC); links++) {
            if (links == MAX_LINKS) {
                throw new FileSystemException(target.toString(), null, "too many links");
            }
            file = real(file.resolveSibling(Files.readSymbolicLink(file)));
        }
        return file;
    }

    /** Returns a path none of whose folders is a link: /dev/fd is one to /proc. */
    private static Path real(Path path) throws IOException {
        Path parent = path.getParent();
        Path name = path.getFileName();
        return parent == null || name == null ? path : parent.toRealPath().resolve(name);
    }

    private static void fill(OutputStream opened, Content content) throws IOException {
        try (OutputStream out = new BufferedOutputStream(opened, 1 << 16)) {
            content.writeTo(out);
        }
    }

    private static void replace(Path file, boolean isThere, Content content) throws IOException {
        if (isThere && !Files.isWritable(file)) {
            throw new FileSystemException(file.toString(), null, "it may not be written to");
        }
        Set<PosixFilePermission> permissions = isThere
                ? Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS) : usual();
        byte[] random = new byte[8];
        new SecureRandom().nextBytes(random);
        Path beside = file.resolveSibling(".rseq4j-" + HexFormat.of().formatHex(random) + ".tmp");
        // Also when the JVM is told to end.
        beside.toFile().deleteOnExit();
        try {
            fill(Files.newOutputStream(Files.createFile(beside, PosixFilePermissions.asFileAttribute(OWNER)),
                    StandardOpenOption.WRITE), content);
            Files.setPosixFilePermissions(beside, permissions);
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new FileSystemException(file.toString(), null, "it cannot be replaced: " + RegularFile.why(e));
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /** Returns the permissions of a new file. */
    private static Set<PosixFilePermission> usual() {
        int umask = USUAL_UMASK;
        try {
            umask = Files.readString(STATUS).lines().filter(line -> line.startsWith(UMASK)).findFirst()
                    .map(line -> Integer.parseInt(line.substring(UMASK.length()).strip(), OCTAL)).orElse(USUAL_UMASK);
        } catch (IOException _) {
            // There is no /proc: then what most systems have.
        }
        PosixFilePermission[] all = PosixFilePermission.values();
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (PosixFilePermission each : all) {
            // Declared from the owner's right to read, the highest bit, to the others' to execute, the lowest.
            if ((ALL_READ_AND_WRITE & ~umask & 1 << all.length - 1 - each.ordinal()) != 0) {
                permissions.add(each);
            }
        }
        return permissions;
    }
}
