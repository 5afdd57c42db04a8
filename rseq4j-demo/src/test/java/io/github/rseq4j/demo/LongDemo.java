package io.github.rseq4j.demo;

import io.github.rseq4j.cli.demo.ServiceDemo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A process with a demo, which a test ends. */
final class LongDemo {
    private LongDemo() {}

    /** Runs the demo. The arguments are the page and the seconds. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        int seconds = Integer.parseInt(arguments[1]);
        System.exit(new DemoRun().run(new ServiceDemo.Options(null, seconds, Path.of(arguments[0])),
                new PrintWriter(System.out, false, StandardCharsets.UTF_8)));
    }
}
