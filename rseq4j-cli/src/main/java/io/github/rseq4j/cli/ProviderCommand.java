package io.github.rseq4j.cli;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.registration.ProviderHeader;
import io.github.rseq4j.registration.ProviderImage;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.Sections;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code provider}: writes the provider image as a file, for programs that are not JVMs, or to preload it. */
@Command(name = "provider", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes librseq4j.so, which registers every thread of a program that preloads it, and rseq4j.h.",
        footer = {"", "Use: LD_PRELOAD=DIR/librseq4j.so program, or link with -LDIR -lrseq4j."})
final class ProviderCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--output", required = true, paramLabel = "DIR",
            description = "The folder that the files are written to; it is made if it is missing.")
    private Path output = Path.of("");

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Architecture host = Architecture.host();
        if (host == null) {
            throw new InputException("not this architecture: " + Architecture.hostName());
        }
        byte[] image = ProviderImage.write(host, Sections.all(), Engine.STRIDE_SHIFT,
                Math.max(ProviderImage.NOMINAL_AREA_BYTES, ProviderImage.areaBytes()));
        String header = ProviderHeader.text(Sections.all(), Engine.STRIDE_SHIFT);
        Path file = output.resolve(ProviderImage.FILE_NAME);
        try {
            Files.createDirectories(output);
            Files.write(file, image);
            Files.writeString(output.resolve(ProviderHeader.FILE_NAME), header);
        } catch (IOException e) {
            throw new InputException("--output=" + output + ": cannot be written: " + e);
        }
        out.println(file + " (" + image.length + " bytes) and " + ProviderHeader.FILE_NAME);
        out.println("preload it: LD_PRELOAD=" + file.toAbsolutePath());
        out.flush();
        return 0;
    }
}
