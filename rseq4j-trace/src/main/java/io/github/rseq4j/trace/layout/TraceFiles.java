package io.github.rseq4j.trace.layout;

import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names in a trace's folder. A program that is started several times with the same folder leaves a trace for each
 * run. The trace of the first run is in the folder itself; those of later runs are in its subfolders {@code run-2},
 * {@code run-3} and so on.
 */
public final class TraceFiles {
    /** The file of the metadata. */
    public static final String METADATA = "metadata";
    /** The name of a stream's file, before the stream's index. */
    public static final String CHANNEL = "channel_";

    /** The file of the names of the JVM's code. Readers of CTF skip files whose names begin with a dot. */
    public static final String CODE_NAMES = ".code_names";
    /** The most bytes of that file. */
    public static final int MAX_CODE_NAMES_BYTES = 1 << 26;

    /** A recording of JFR of the same time, beside a snapshot. Its name begins with a dot for the same reason. */
    public static final String JVM_EVENTS = ".jvm.jfr";

    private static final String RUN = "run-";
    private static final Pattern RUN_NUMBER = Pattern.compile(RUN + "([1-9]\\d{0,8})");

    private TraceFiles() {}

    /**
     * Returns the folder of a run.
     *
     * @param folder the folder of the first run
     * @param number the number of the run, at least 2
     * @return the folder of that run
     */
    public static Path run(Path folder, int number) {
        return folder.resolve(RUN + number);
    }

    /**
     * Returns the numbers of the later runs in a folder.
     *
     * @param folder the folder of the first run
     * @return the numbers, ascending
     * @throws IOException when the folder cannot be read
     */
    public static List<Integer> runs(Path folder) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        try (DirectoryStream<Path> runs = Files.newDirectoryStream(folder, RUN + "*")) {
            for (Path run : runs) {
                Matcher matcher = RUN_NUMBER.matcher(String.valueOf(run.getFileName()));
                if (matcher.matches() && Files.isDirectory(run, LinkOption.NOFOLLOW_LINKS)) {
                    numbers.add(Integer.valueOf(matcher.group(1)));
                }
            }
        } catch (DirectoryIteratorException e) {
            throw new IOException(RegularFile.why(e), e);
        }
        Collections.sort(numbers);
        return numbers;
    }
}
