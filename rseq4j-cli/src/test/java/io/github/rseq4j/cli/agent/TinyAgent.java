package io.github.rseq4j.cli.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An agent that answers with the options that it got, or misbehaves as a rule says. Its jar is made by the tests. */
public final class TinyAgent {
    private TinyAgent() {}

    /** Called by the JVM. */
    public static void agentmain(String options) throws IOException {
        String[] items = options.split(";", -1);
        Path answer = Path.of(items[0].substring("answer=".length()));
        List<String> lines = new ArrayList<>(List.of("ok", options.substring(items[0].length() + 1)));
        if (options.contains("Refuse")) {
            lines = List.of("error: Refuse is refused", "because \u001b[31mred\u001b[0m");
        } else if (options.contains("Fail")) {
            throw new IllegalStateException("this agent fails");
        } else if (options.contains("Silent")) {
            return;
        } else if (options.contains("Halt")) {
            Runtime.getRuntime().halt(3);
        } else if (options.contains("rules=")) {
            Path rules = Path.of(items[1].substring("rules=".length()));
            lines.add(Files.readAllLines(rules).size() + " rules");
            lines.add("permissions " + Files.getPosixFilePermissions(rules).size());
        } else if (options.contains("Inside")) {
            lines.add("owner " + Files.getAttribute(answer, "unix:uid"));
            lines.add("permissions " + Files.getPosixFilePermissions(answer));
            lines.add("jar " + TinyAgent.class.getProtectionDomain().getCodeSource().getLocation());
            lines.add("answer " + answer);
        }
        Files.write(answer, lines);
    }
}
