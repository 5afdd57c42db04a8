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

/** Writes the files that the user names. A file is replaced as a whole or not at all. */
public final class OutputFile {
    /* How it works
     *
     * The content goes to a temporary file in the same folder, which only its owner may open and which is renamed at
     * the end. So a process that has the old file open or mapped, such as a preloaded library, keeps the old one. The
     * new file gets the permissions of the file that it replaces, or those of any new file.
     *
     * If the target is a link, the file to which it leads is replaced and the link stays, as in editors. A device or
     * FIFO is written directly. So is the target of a link in /proc, to which /dev/stdout leads: it is an open file of
     * a process, not a name. These are opened to append, because the shell may have opened a file in this way.
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

    /** Writes the content of a file. */
    public interface Content {
        /**
         * Writes the content.
         *
         * @param out the target
         * @throws IOException if the target cannot be written
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes a file.
     *
     * @param option the option that named the file, for messages
     * @param target the file
     * @param content its content
     * @return true if a regular file was replaced or made, false if a device or an open file of a process was written
     * @throws InputException if the file cannot be written; a regular file is then unchanged
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
            throw InputException.cannot(option + "=" + Printable.name(target.toString()) + ": cannot be written: "
                    + RegularFile.why(e));
        }
    }

    /**
     * Refuses a file that {@link #write} could not write, before the work for its content is done.
     *
     * @param option the option that named the file, for messages
     * @param target the file
     * @throws InputException if the file is a folder, its folder does not exist, or one of them may not be written to
     */
    public static void requireWritable(String option, Path target) {
        String refusal = option + "=" + Printable.name(target.toString()) + ": cannot be written: ";
        try {
            Path file = followed(target);
            Path folder = file.getParent();
            if (folder != null && !Files.isDirectory(folder)) {
                throw new InputException(refusal + "its folder is a file; name a file in a folder");
            }
            BasicFileAttributes there = attributes(file);
            if (folder == null || there != null && there.isDirectory()) {
                throw new InputException(refusal + "it is a folder; name a file");
            }
            if (there != null && !Files.isWritable(file)) {
                throw InputException.cannot(refusal + "it may not be written to");
            }
            if ((there == null || there.isRegularFile()) && !file.startsWith(PROC) && !Files.isWritable(folder)) {
                throw InputException.cannot(refusal + "its folder may not be written to");
            }
        } catch (NoSuchFileException _) {
            throw new InputException(refusal + "its folder does not exist; make it first");
        } catch (IOException e) {
            throw InputException.cannot(refusal + RegularFile.why(e));
        }
    }

    private static @Nullable BasicFileAttributes attributes(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException _) {
            return null;
        }
    }

    /** Follows links: the last part of the result is not a link, or is an open file of a process. */
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

    /** Returns a path whose folders are not links. Example: /dev/fd is a link to /proc. */
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
        // Deletes the file also when the JVM is told to end.
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
            // There is no /proc: take the umask of most systems.
        }
        PosixFilePermission[] all = PosixFilePermission.values();
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (PosixFilePermission each : all) {
            // The constants run from OWNER_READ, the highest bit, to OTHERS_EXECUTE, the lowest.
            if ((ALL_READ_AND_WRITE & ~umask & 1 << all.length - 1 - each.ordinal()) != 0) {
                permissions.add(each);
            }
        }
        return permissions;
    }
}
