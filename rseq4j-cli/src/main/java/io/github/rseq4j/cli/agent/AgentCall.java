package io.github.rseq4j.cli.agent;

import com.sun.tools.attach.AgentInitializationException;
import com.sun.tools.attach.AgentLoadException;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import io.github.rseq4j.agent.rule.RuleSet;
import io.github.rseq4j.agent.rule.TracerRequest;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** A call of the agent in a running JVM, and its answer. */
final class AgentCall {
    /* How it works
     *
     * Caller: makes an empty file that only the JVM's user can read, and loads the agent with the options
     *         "answer=FILE;...". The JVM runs the agent's method agentmain, and then answers the caller.
     * Agent:  writes lines of text to the file, and returns. The first line is "ok", or "error: " and a message.
     * Caller: prints the lines, and deletes the file.
     *
     * The JDK's own answer holds no text of the agent, and the standard output of the JVM belongs to its program. */

    /** The system property with the path of the agent's jar, which the launcher sets. */
    static final String JAR_PROPERTY = "rseq4j.agent";
    /** The JVM reads at most 256 KiB of options (attachListener.cpp); longer rules go through a file. */
    private static final int MAX_OPTION_CHARS = 32 << 10;
    private static final int MIN_RELEASE = 25;
    private static final String OK = "ok";
    private static final String ERROR = "error: ";

    private AgentCall() {}

    /**
     * Calls the agent, and prints its answer.
     *
     * @param line the command, whose outputs receive the answer
     * @param pid the JVM
     * @param rules the rules and options of the agent
     * @return 0 if the agent did what was asked, otherwise 1
     * @throws InputException if the agent cannot be called
     */
    static int run(CommandLine line, int pid, RuleSet rules) throws IOException {
        return run(line, pid, files -> text(rules, files), rules.options().detach());
    }

    /** Calls the agent with a request to the tracers of the program; otherwise as with rules. */
    static int run(CommandLine line, int pid, TracerRequest request) throws IOException {
        return run(line, pid, _ -> request.toString(), false);
    }

    private static int run(CommandLine line, int pid, Function<AgentFiles, String> options, boolean isLast)
            throws IOException {
        Path jar = jar();
        JvmProcess process = JvmProcess.of(pid);
        VirtualMachine machine = attach(process);
        try (AgentFiles files = new AgentFiles(process)) {
            checkRelease(process, machine);
            load(process, machine, files.readable(jar).toString(), "answer=" + files.answer() + ";"
                    + options.apply(files));
            int exit = print(line, process, files.answerLines());
            if (exit == 0 && isLast) {
                files.deleteCopy(jar);
            }
            return exit;
        } finally {
            machine.detach();
        }
    }

    private static Path jar() {
        String jar = System.getProperty(JAR_PROPERTY);
        if (jar == null) {
            throw InputException.cannot("the path of the agent's jar is not known: use the launcher rseq4j, or -D"
                    + JAR_PROPERTY + "=.../rseq4j-agent.jar");
        }
        Path path = Path.of(jar).toAbsolutePath().normalize();
        if (!Files.isRegularFile(path)) {
            throw InputException.cannot("there is no agent at " + path + "; build it (mvn -DskipTests package)");
        }
        return path;
    }

    private static String text(RuleSet rules, AgentFiles files) {
        String text = rules.toString();
        if (text.length() <= MAX_OPTION_CHARS) {
            return text;
        }
        String lines = rules.rules().stream().map(rule -> rule + "\n").collect(Collectors.joining());
        return "rules=" + files.write(lines) + ";" + rules.options();
    }

    private static VirtualMachine attach(JvmProcess process) {
        try {
            return VirtualMachine.attach(Integer.toString(process.pid()));
        } catch (AttachNotSupportedException e) {
            String message = String.valueOf(e.getMessage());
            throw InputException.cannot(process + (message.contains("does not support the attach")
                    ? JvmProcess.DISABLED
                    : !process.isEntered() ? " does not answer, and the kernel does not let rseq4j enter its folder for"
                    + " temporary files, which may be that of a container: give rseq4j the capability CAP_SYS_PTRACE"
                    + " (docker run --cap-add SYS_PTRACE), or run it as root outside of the container"
                    : " does not answer: it was started with -XX:+DisableAttachMechanism, is still starting, or hangs;"
                    + " try again, or start it without this flag or with -javaagent (" + message + ")"));
        } catch (IOException e) {
            throw InputException.cannot(process + ": attaching is refused: " + e.getMessage()
                    + "; run rseq4j as the user of the process or as root, outside of a sandbox, or start the program"
                    + " with -javaagent");
        }
    }

    private static void checkRelease(JvmProcess process, VirtualMachine machine) throws IOException {
        String release = machine.getSystemProperties().getProperty("java.specification.version", "");
        String version = machine.getSystemProperties().getProperty("java.version", release);
        // Until 8 the releases were 1.x.
        if (release.startsWith("1.") || release.matches("[0-9]{1,4}") && Integer.parseInt(release) < MIN_RELEASE) {
            throw InputException.cannot(process + " runs on Java " + version + ", and the agent needs " + MIN_RELEASE
                    + " or later; run the program on a JDK " + MIN_RELEASE);
        }
    }

    private static void load(JvmProcess process, VirtualMachine machine, String jar, String options) {
        try {
            machine.loadAgent(jar, options);
        } catch (AgentInitializationException e) {
            throw InputException.cannot(process + ": the agent failed to start; the reason is in the error output of"
                    + " the process");
        } catch (AgentLoadException e) {
            String message = String.valueOf(e.getMessage());
            String lower = message.toLowerCase(Locale.ROOT);
            throw InputException.cannot(process + (lower.contains("dynamic agent loading is not enabled")
                    ? " was started with -XX:-EnableDynamicAgentLoading, so it loads no agent while it runs; start it"
                    + " with -XX:+EnableDynamicAgentLoading, or with -javaagent:" + jar + "=OPTIONS"
                    : lower.contains("libinstrument") || lower.contains("java.instrument")
                    ? " runs on a Java image without module java.instrument, which agents need; add it to the image"
                    + " (jlink --add-modules java.instrument)"
                    : " cannot load the agent " + jar + ": " + message));
        } catch (IOException e) {
            throw InputException.cannot(process + " has ended, or closed the connection while it loaded the agent: "
                    + e.getMessage());
        }
    }

    private static int print(CommandLine line, JvmProcess process, List<String> answer) {
        String first = answer.isEmpty() ? "" : answer.getFirst();
        List<String> rest = answer.subList(Math.min(1, answer.size()), answer.size());
        if (first.equals(OK)) {
            print(line.getOut(), rest);
            return 0;
        }
        line.getErr().println("rseq4j: " + process + ": " + Printable.text(first.startsWith(ERROR)
                ? first.substring(ERROR.length()) : "the agent gave no answer; the error output of the process may tell"
                + " why" + (first.isEmpty() ? "" : " (" + first + ")")));
        print(line.getErr(), rest);
        return 1;
    }

    private static void print(PrintWriter to, List<String> lines) {
        lines.forEach(line -> to.println(Printable.text(Objects.requireNonNull(line))));
        to.flush();
    }
}
