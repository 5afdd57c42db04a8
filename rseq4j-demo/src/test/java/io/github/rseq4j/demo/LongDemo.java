package io.github.rseq4j.demo;

import io.github.rseq4j.cli.demo.ServiceDemo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A process with a demo that takes long, which a test ends. */
final class LongDemo {
    private static final int SECONDS = 600;

    private LongDemo() {}

    /** Runs the demo, with the page that the argument names. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        System.exit(new DemoRun().run(new ServiceDemo.Options(null, SECONDS, Path.of(arguments[0])),
                new PrintWriter(System.out, false, StandardCharsets.UTF_8)));
    }
}
