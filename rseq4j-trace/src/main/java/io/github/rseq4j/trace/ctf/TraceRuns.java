package io.github.rseq4j.trace.ctf;

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
 * The folders of a program that is started again and again with one folder for its trace: the first run has the folder
 * itself, and each later one a folder {@code run-2}, {@code run-3} and so on in it.
 */
public final class TraceRuns {
    private static final String NAME = "run-";
    private static final Pattern RUN = Pattern.compile(NAME + "([1-9]\\d{0,8})");

    private TraceRuns() {}

    /**
     * Returns the folder of a run.
     *
     * @param folder the first run's
     * @param number which run, 2 and more
     * @return its folder
     */
    public static Path of(Path folder, int number) {
        return folder.resolve(NAME + number);
    }

    /**
     * Returns the numbers of the later runs that there are.
     *
     * @param folder the first run's
     * @return the numbers, ascending
     * @throws IOException when the folder cannot be read
     */
    public static List<Integer> numbers(Path folder) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        try (DirectoryStream<Path> runs = Files.newDirectoryStream(folder, NAME + "*")) {
            for (Path run : runs) {
                Matcher matcher = RUN.matcher(String.valueOf(run.getFileName()));
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
