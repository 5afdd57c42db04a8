package io.github.rseq4j.agent.start;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The entry of the agent, which the JVM calls. It is compiled for Java 8: on an older JVM it says what it needs. */
public final class AgentMain {
    private static final int LEAST_RELEASE = 25;
    private static final String ANSWER = "answer=";

    private AgentMain() {}

    /** Starts the agent before the program. The program starts even if that fails. */
    public static void premain(@Nullable String options, Instrumentation instrumentation) {
        start(options == null ? "" : options, instrumentation);
    }

    /** Starts the agent in a program that runs, or tells it what to do. */
    public static void agentmain(@Nullable String options, Instrumentation instrumentation) {
        start(options == null ? "" : options, instrumentation);
    }

    private static synchronized void start(String options, Instrumentation instrumentation) {
        try {
            String release = System.getProperty("java.specification.version", "");
            // Until 8 the releases were 1.x.
            if (release.startsWith("1.") || Integer.parseInt(release) < LEAST_RELEASE) {
                fail(options, "it does nothing, because this program runs on Java "
                        + System.getProperty("java.version") + " and the agent needs " + LEAST_RELEASE
                        + " or later; run the program on a JDK " + LEAST_RELEASE);
            } else {
                AgentStart.start(options, instrumentation);
            }
        } catch (Throwable t) {
            fail(options, "it does nothing, because it could not be started: " + t);
        }
    }

    /** Reports a failure to the command that waits, or on the standard error output. */
    private static void fail(String options, String message) {
        if (options.startsWith(ANSWER)) {
            int end = options.indexOf(';');
            try {
                // The command has created the file, and gives a path without quotes.
                Files.write(Paths.get(options.substring(ANSWER.length(), end < 0 ? options.length() : end)),
                        ("error: " + message + "\n").getBytes(StandardCharsets.UTF_8), StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING, LinkOption.NOFOLLOW_LINKS);
                return;
            } catch (IOException | RuntimeException e) {
                System.err.println("rseq4j agent: the answer cannot be written: " + e);
            }
        }
        System.err.println("rseq4j agent: " + message);
    }
}
