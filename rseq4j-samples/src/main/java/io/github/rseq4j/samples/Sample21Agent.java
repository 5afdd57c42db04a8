package io.github.rseq4j.samples;

import io.github.rseq4j.trace.ctf.TraceReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A program that was not prepared runs with the agent: the calls of its method are events, with arguments and result.
 * {@code rseq4j attach PID} does the same to a program that runs. The launcher tells a sample where the agent is.
 *
 * <pre>
 * square number=1 result=1
 * square number=2 result=4
 * square number=3 result=9
 * </pre>
 */
final class Sample21Agent {
    /** The program. */
    static final class Program {
        static long square(long number) {
            return number * number;
        }

        static void main() {
            for (long number = 1; number <= 3; number++) {
                System.out.println(square(number));
            }
        }
    }

    /** Runs the program with the agent, which writes a trace. */
    private static int run(Path trace) throws Exception {
        String agent = Objects.requireNonNull(System.getProperty("rseq4j.agent"), "-Drseq4j.agent=rseq4j-agent.jar");
        Path classes = Path.of(Program.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        String options = "method=" + Program.class.getName() + "::square,mode=event,args;trace=" + trace;
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-javaagent:" + agent + "=" + options, "-cp", classes.toString(), Program.class.getName())
                .redirectOutput(Redirect.DISCARD).redirectError(Redirect.INHERIT).start().waitFor();
    }

    static void main() throws Exception {
        try (Temporary temporary = Temporary.folder()) {
            int status = run(temporary.inside("trace"));
            if (status != 0) {
                throw new IllegalStateException("the program ended with status " + status);
            }
            try (TraceReader reader = new TraceReader(temporary.inside("trace"))) {
                reader.events().forEach(call -> System.out.println("square number=" + call.value("number")
                        + " result=" + call.value("result")));
            }
        }
    }
}
