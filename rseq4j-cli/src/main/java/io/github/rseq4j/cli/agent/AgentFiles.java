package io.github.rseq4j.cli.agent;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * The files that this process and a JVM exchange, in the JVM's folder for temporary files: the answer, long rules, and
 * the agent's jar where the JVM cannot read the original, for example in a container. Only the JVM's user can read
 * them.
 */
final class AgentFiles implements AutoCloseable {
    private static final String PREFIX = "rseq4j-";
    private static final int NAME_BYTES = 8;
    private static final int MAX_ANSWER_BYTES = 256 << 20;
    private static final Set<PosixFilePermission> FOREIGN =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final JvmProcess process;
    private final List<Path> files = new ArrayList<>();
    private final Path answer;
    /** Open since the file was made, so that another file at its path is not mistaken for it. */
    private final FileChannel answerChannel;

    AgentFiles(JvmProcess process) {
        this.process = process;
        try {
            this.answer = file(".answer", new byte[0]);
            this.answerChannel = FileChannel.open(answer, StandardOpenOption.READ, NOFOLLOW_LINKS);
        } catch (IOException e) {
            delete();
            throw refused(e);
        }
    }

    private InputException refused(IOException e) {
        return InputException.cannot(process + ": no file can be made in its folder for temporary files, "
                + process.tmp() + " (" + e + "); make it writable, or start the program with -javaagent");
    }

    /** Makes a file of the process's user, which only this user can read and write. */
    private Path file(String ending, byte[] content) throws IOException {
        Path file = Files.createTempFile(process.tmp(), PREFIX, ending);
        files.add(file);
        Files.write(file, content, StandardOpenOption.WRITE, NOFOLLOW_LINKS);
        if (!process.isOwn()) {
            Files.setAttribute(file, "unix:gid", process.group(), NOFOLLOW_LINKS);
            Files.setAttribute(file, "unix:uid", process.user(), NOFOLLOW_LINKS);
        }
        return file;
    }

    /** Returns the file of the answer, as the process sees it. */
    Path answer() {
        return process.own(answer);
    }

    /** Writes a file that the process can read, and returns its path there. */
    Path write(String text) {
        try {
            return process.own(file(".rules", text.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw refused(e);
        }
    }

    /** Returns the lines that the process wrote as its answer. */
    List<String> answerLines() throws IOException {
        if (answerChannel.size() > MAX_ANSWER_BYTES) {
            throw new IOException("the answer has " + answerChannel.size() + " bytes, at most " + MAX_ANSWER_BYTES);
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) answerChannel.size());
        int read;
        do {
            read = answerChannel.read(bytes);
        } while (read > 0);
        return StandardCharsets.UTF_8.decode(bytes.flip()).toString().lines().toList();
    }

    /**
     * Returns the path by which the process can read the agent's jar. If it cannot read this one, it gets a copy, which
     * stays until the agent is detached, because a JVM reads classes of a jar when it needs them.
     */
    Path readable(Path jar) {
        // The JVM ends the path of an agent at the first equals sign.
        if (process.sees(jar) && !jar.toString().contains("=")) {
            return jar;
        }
        try {
            byte[] content = Files.readAllBytes(jar);
            Path copy = copy(content);
            if (Files.exists(copy, NOFOLLOW_LINKS)) {
                check(copy, content);
            } else {
                Path written = file(".jar", content);
                Files.move(written, copy, StandardCopyOption.ATOMIC_MOVE);
            }
            return process.own(copy);
        } catch (IOException e) {
            throw refused(e);
        }
    }

    /** Deletes the copy of the jar, if there is one. A JVM that has opened it can still read it. */
    void deleteCopy(Path jar) throws IOException {
        delete(copy(Files.readAllBytes(jar)));
    }

    private Path copy(byte[] content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
            return process.tmp().resolve(PREFIX + "agent-" + process.user() + "-"
                    + HexFormat.of().formatHex(digest, 0, NAME_BYTES) + ".jar");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** Throws unless a file in a folder that all users can write to is a copy that the process's user owns. */
    private void check(Path copy, byte[] content) throws IOException {
        PosixFileAttributes attributes = Files.readAttributes(copy, PosixFileAttributes.class, NOFOLLOW_LINKS);
        boolean isSame = attributes.isRegularFile() && attributes.size() == content.length
                && Files.getAttribute(copy, "unix:uid", NOFOLLOW_LINKS).equals(process.user())
                && attributes.permissions().stream().noneMatch(FOREIGN::contains);
        if (isSame) {
            try (InputStream in = Files.newInputStream(copy, NOFOLLOW_LINKS)) {
                isSame = Arrays.equals(in.readNBytes(content.length), content);
            }
        }
        if (!isSame) {
            throw new IOException(copy + " is not a copy of the agent that user " + process.user()
                    + " owns; delete it");
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The process has ended, and with it this path to its files; or the file stays, as one of its user.
            return;
        }
    }

    private void delete() {
        files.forEach(AgentFiles::delete);
    }

    @Override
    public void close() throws IOException {
        delete();
        answerChannel.close();
    }
}
