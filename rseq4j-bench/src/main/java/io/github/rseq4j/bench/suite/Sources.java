package io.github.rseq4j.bench.suite;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.bench.agent.Calls;
import io.github.rseq4j.bench.report.AgentPeer;
import io.github.rseq4j.bench.report.AgentProgram;
import io.github.rseq4j.bench.report.FallbackChild;
import io.github.rseq4j.bench.report.Jmh;
import io.github.rseq4j.bench.report.RingReport;
import io.github.rseq4j.bench.report.StackReport;
import io.github.rseq4j.bench.report.StartupReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;

/** The ways to measure an operation. */
final class Sources {
    /** JMH's parameters: name and value in turns. */
    private record ByJmh(Class<?> benchmark, String method, List<String> parameters) implements Source {
        @Override
        public double[] measure(int threads, Plan plan) throws IOException {
            ChainedOptionsBuilder options = Jmh.options(benchmark, method, threads, plan.millis(), plan.millis())
                    .warmupIterations(plan.warmUps()).measurementIterations(plan.iterations());
            for (int i = 0; i < parameters.size(); i += 2) {
                options.param(parameters.get(i), parameters.get(i + 1));
            }
            try {
                return Jmh.iterations(options);
            } catch (RunnerException e) {
                throw new IOException(benchmark.getSimpleName() + "." + method + " failed: " + Jmh.cause(e), e);
            }
        }
    }

    /** A main class that prints a number, in a JVM of its own. Without threads, an iteration is a JVM. */
    private record ByJvm(Class<?> main, List<String> arguments, boolean hasThreads, double unitNanos)
            implements Source {
        @Override
        public double[] measure(int threads, Plan plan) throws IOException, InterruptedException {
            List<String> all = new ArrayList<>(arguments);
            if (hasThreads) {
                all.add(String.valueOf(threads));
                all.add(String.valueOf(plan.millis() * plan.iterations()));
            }
            double[] times = new double[hasThreads ? 1 : plan.iterations()];
            for (int i = 0; i < times.length; i++) {
                times[i] = numbers(Commands.java(main, all.toArray(String[]::new)))[0] / unitNanos;
            }
            return times;
        }

        @Override
        public boolean has(int threads) {
            return hasThreads || threads == 1;
        }
    }

    /** A loop of C. */
    private record ByC(String operation) implements Source {
        @Override
        public double[] measure(int threads, Plan plan) throws IOException, InterruptedException {
            Path folder = Files.createTempDirectory("rseq4j-c");
            try {
                return numbers(Commands.output(StackReport.compiled(folder).toString(), operation));
            } finally {
                Folders.delete(folder);
            }
        }

        @Override
        public boolean has(int threads) {
            return threads == 1;
        }
    }

    /** A program that an agent traces. */
    private record ByAgent(String title, String loop) implements Source {
        @Override
        public double[] measure(int threads, Plan plan) throws IOException {
            AgentPeer peer = AgentPeer.ofCalls().stream().filter(each -> each.title().equals(title)).findFirst()
                    .orElseThrow();
            if (peer.missing() != null) {
                throw new IOException(peer.missing());
            }
            Path folder = Files.createTempDirectory("rseq4j-agent");
            try (AgentProgram program = AgentProgram.start(peer, List.of("-Xbatch"), folder, Calls.class,
                    String.valueOf(threads), String.valueOf(plan.millis()), folder.toString(), peer.inside(), loop)) {
                return numbers(program.next(loop + " "));
            } finally {
                Folders.delete(folder);
            }
        }
    }

    /** An operation that has no meaning with several threads. */
    private record Single(Source source) implements Source {
        @Override
        public double[] measure(int threads, Plan plan) throws IOException, InterruptedException {
            return source.measure(threads, plan);
        }

        @Override
        public boolean has(int threads) {
            return threads == 1;
        }
    }

    /** An operation of some milliseconds, or of much code to compile first, whose iterations take longer. */
    private record Slow(Source source) implements Source {
        private static final int TIMES = 5;

        @Override
        public double[] measure(int threads, Plan plan) throws IOException, InterruptedException {
            return source.measure(threads, plan.slower(TIMES));
        }

        @Override
        public boolean has(int threads) {
            return source.has(threads);
        }
    }

    private Sources() {}

    /** Returns a method of a benchmark. */
    static Source jmh(Class<?> benchmark, String method, String... parameters) {
        return new ByJmh(benchmark, method, List.of(parameters));
    }

    /** Returns an operation that is measured with one thread alone. */
    static Source single(Source source) {
        return new Single(source);
    }

    /** Returns an operation of some milliseconds, or of much code. */
    static Source slow(Source source) {
        return new Slow(source);
    }

    /** Returns the CPU time of a push to a ring. */
    static Source ring(String name) {
        return new ByJvm(RingReport.class, List.of(name), true, 1);
    }

    /** Returns an operation of {@link FallbackChild}. */
    static Source fallback(String operation) {
        return new ByJvm(FallbackChild.class, List.of(operation), true, 1);
    }

    /** Returns the first operation of a fresh JVM, in milliseconds. */
    static Source startup(String what) {
        return new ByJvm(StartupReport.class, List.of(what), false, 1e6);
    }

    /** Returns a loop of {@code stack.c}. */
    static Source c(String operation) {
        return new ByC(operation);
    }

    /** Returns a loop of {@link Calls}, traced. */
    static Source agent(String title, String loop) {
        return new ByAgent(title, loop);
    }

    private static double[] numbers(String text) {
        return Arrays.stream(text.strip().split("\\s+")).mapToDouble(Double::parseDouble).toArray();
    }
}
