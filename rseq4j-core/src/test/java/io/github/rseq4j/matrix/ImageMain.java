package io.github.rseq4j.matrix;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.sections.Sections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** Writes the provider image of an architecture, given by its Debian name, on any host. */
public final class ImageMain {
    private ImageMain() {}

    /**
     * Writes the image's files.
     *
     * @param arguments {@code amd64} or {@code arm64}, and the folder
     * @throws IOException when it cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        Architecture architecture = Arrays.stream(Architecture.values())
                .filter(each -> arguments[0].equals(each == Architecture.X64 ? "amd64" : "arm64")).findFirst()
                .orElseThrow();
        for (Map.Entry<String, byte[]> file : ProviderImage.files(architecture, Sections.all(), Engine.STRIDE_SHIFT,
                ProviderImage.NOMINAL_AREA_BYTES).entrySet()) {
            Files.write(Path.of(arguments[1], file.getKey()), file.getValue());
        }
    }
}
