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
 * The names in a trace's folder. A program that is started again and again with one folder for its trace has a trace
 * for each run: the first run's is in the folder itself, each later one's in a folder {@code run-2}, {@code run-3} and
 * so on in it.
 */
public final class TraceFiles {
    /** The file of the metadata. */
    public static final String METADATA = "metadata";
    /** What a stream's file is called, before its index. */
    public static final String CHANNEL = "channel_";

    private static final String RUN = "run-";
    private static final Pattern RUN_NUMBER = Pattern.compile(RUN + "([1-9]\\d{0,8})");

    private TraceFiles() {}

    /**
     * Returns the folder of a run.
     *
     * @param folder the first run's
     * @param number which run, 2 and more
     * @return its folder
     */
    public static Path run(Path folder, int number) {
        return folder.resolve(RUN + number);
    }

    /**
     * Returns the numbers of the later runs that there are.
     *
     * @param folder the first run's
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
