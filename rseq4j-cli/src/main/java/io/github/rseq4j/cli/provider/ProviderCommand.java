package io.github.rseq4j.cli.provider;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.EmittedSections;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.OutputFile;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.provider.ProviderHeader;
import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code provider}: writes the provider image as a file, to preload it or to link programs with it. */
@Command(name = "provider", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes librseq4j.so, which registers every thread of a program that preloads it;"
                + " librseq4j-next.so, which librseq4j.so needs; and rseq4j.h.",
        footer = {"", "Run LD_PRELOAD=DIR/librseq4j.so program, or link the program with -LDIR -lrseq4j.",
                "Both libraries must lie in one folder: a program that finds only librseq4j.so, or finds it through a"
                + " link in another folder, does not start."})
public final class ProviderCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--output", required = true, paramLabel = "DIR",
            description = "The folder for the files; it is created if it does not exist.")
    private Path output = Path.of("");

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Architecture host = Architecture.host();
        if (host == null) {
            throw InputException.cannot("architecture=" + Architecture.hostName() + " is not supported");
        }
        Map<String, byte[]> images = ProviderImage.files(host, EmittedSections.all(), Engine.STRIDE_SHIFT,
                Math.max(ProviderImage.NOMINAL_AREA_BYTES, ProviderImage.areaBytes()));
        String header = ProviderHeader.text(EmittedSections.all(), Engine.STRIDE_SHIFT);
        Path file = output.resolve(ProviderImage.FILE_NAME);
        try {
            Files.createDirectories(output);
        } catch (IOException e) {
            throw InputException.cannot("--output=" + Printable.name(output.toString()) + ": cannot be written: "
                    + RegularFile.why(e));
        }
        images.forEach((name, image) -> OutputFile.write("--output", output.resolve(name), to -> to.write(image)));
        OutputFile.write("--output", output.resolve(ProviderHeader.FILE_NAME),
                to -> to.write(header.getBytes(StandardCharsets.UTF_8)));
        out.println(Printable.text(file + " (" + Objects.requireNonNull(images.get(ProviderImage.FILE_NAME)).length
                + " bytes), " + ProviderImage.NEXT_FILE_NAME + " and " + ProviderHeader.FILE_NAME));
        out.println(preload(file));
        out.println("keep both libraries in one folder: a program that finds only " + ProviderImage.FILE_NAME
                + " does not start");
        out.flush();
        return 0;
    }

    /** Returns how to preload the file. The dynamic linker ends a path at blanks and colons, and expands dollars. */
    private static String preload(Path file) {
        String path = file.toAbsolutePath().normalize().toString();
        if (path.matches("[A-Za-z0-9_./+@%=,-]+")) {
            return "preload it: LD_PRELOAD=" + path;
        }
        boolean isSplit = path.chars().anyMatch(c -> Character.isWhitespace(c) || c == ':' || c == '$');
        return isSplit || !Printable.text(path).equals(path)
                ? "preload it from a folder whose path has no blank, colon, dollar or control character:"
                        + " LD_PRELOAD cannot name this path"
                : "preload it: LD_PRELOAD='" + path.replace("'", "'\\''") + "'";
    }
}
