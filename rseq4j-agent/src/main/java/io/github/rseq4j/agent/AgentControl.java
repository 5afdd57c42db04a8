package io.github.rseq4j.agent;

import io.github.rseq4j.agent.rule.RuleException;
import io.github.rseq4j.agent.rule.RuleSet;
import io.github.rseq4j.agent.rule.TracerRequest;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Does what the options of the agent ask for. */
public final class AgentControl {
    private static final AtomicReference<@Nullable Attachment> ATTACHMENT = new AtomicReference<>();

    private AgentControl() {}

    /**
     * Attaches, changes or detaches. The program goes on whatever happens; what is wrong is said in the answer, or on
     * the standard error output if no command waits for an answer.
     *
     * @param options the options of the agent
     * @param instrumentation the JVM's
     */
    public static synchronized void accept(String options, Instrumentation instrumentation) {
        Path answer = RuleSet.answer(options);
        String text;
        try {
            text = TracerRequest.isRequest(options)
                    ? ProgramTracers.answer(TracerRequest.parse(options), instrumentation)
                    : "ok\n" + run(RuleSet.parse(options), instrumentation);
        } catch (RuleException e) {
            text = "error: " + e.getMessage() + "\n";
        } catch (IOException e) {
            text = "error: the trace cannot be written: " + e + "; give a folder in which the user of this process may"
                    + " write (trace=DIR), or one for temporary files (-Djava.io.tmpdir)\n";
        } catch (Throwable t) {
            text = "error: the agent failed: " + t + "\n";
        }
        if (answer == null) {
            if (!text.startsWith("ok")) {
                System.err.print(Attachment.PREFIX + text);
            }
            return;
        }
        try {
            // The command that waits has created the file.
            Files.writeString(answer, text, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING,
                    LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            System.err.print(Attachment.PREFIX + "answer=" + answer + " cannot be written (" + e + "): " + text);
        }
    }

    private static String run(RuleSet rules, Instrumentation instrumentation)
            throws IOException, ReflectiveOperationException {
        if (rules.options().dryRun()) {
            if (rules.options().answer() != null) {
                return Attachment.dryRun(rules, instrumentation);
            }
            // At the start of a JVM no class of the program is loaded.
            System.err.print(Attachment.PREFIX + Attachment.dryRunToTheEnd(rules, instrumentation));
            return "";
        }
        Attachment now = ATTACHMENT.get();
        if (now == null) {
            if (rules.options().detach()) {
                return "nothing was attached\n";
            }
            now = Attachment.first(instrumentation);
            ATTACHMENT.set(now);
        }
        return rules.options().detach() ? now.detach() : now.attach(rules);
    }
}
