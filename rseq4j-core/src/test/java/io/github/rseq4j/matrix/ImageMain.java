package io.github.rseq4j.matrix;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.registration.ProviderImage;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.Sections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Writes the provider image of an architecture, by Debian's name of it, on any host. */
public final class ImageMain {
    private ImageMain() {}

    /**
     * Writes the image.
     *
     * @param arguments {@code amd64} or {@code arm64}, and the file
     * @throws IOException when it cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        Architecture architecture = Arrays.stream(Architecture.values())
                .filter(each -> arguments[0].equals(each == Architecture.X64 ? "amd64" : "arm64")).findFirst()
                .orElseThrow();
        Files.write(Path.of(arguments[1]), ProviderImage.write(architecture, Sections.all(), Engine.STRIDE_SHIFT,
                ProviderImage.NOMINAL_AREA_BYTES));
    }
}
