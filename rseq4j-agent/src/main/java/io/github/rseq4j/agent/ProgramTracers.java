package io.github.rseq4j.agent;

import io.github.rseq4j.agent.rule.TracerRequest;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Remote control of the tracers that the program has opened. */
final class ProgramTracers {
    /* How it works
     *
     * A program may have several copies of rseq4j-trace, in class loaders that come and go, and none of them is the
     * agent's copy. Each copy keeps its open tracers (Tracer.openTracers). For each request the agent looks for classes
     * of the name Tracer among the loaded classes, and calls their methods by reflection. So a program without a
     * request does nothing for it, and the agent refers to no tracer between two requests: class loaders stay
     * collectable.
     *
     * Refused: a registry that tracers enter, for example of MBeans. It keeps tracers and their class loaders reachable
     * unless the program closes them.
     */
    /** The end of the name, which stays when a build renames the package; the agent's own build does so. */
    private static final String CLASS_NAME_END = ".rseq4j.trace.Tracer";
    private static final String OPEN_TRACERS = "openTracers";

    private final TracerRequest request;
    private final Instrumentation instrumentation;
    private final List<ProgramTracer> tracers = new ArrayList<>();
    private final StringBuilder lines = new StringBuilder();
    private int done;
    private int failed;

    private ProgramTracers(TracerRequest request, Instrumentation instrumentation) {
        this.request = request;
        this.instrumentation = instrumentation;
    }

    /** Does what is asked, and returns the answer: its first line is {@code ok}, or {@code error: } and a message. */
    static String answer(TracerRequest request, Instrumentation instrumentation) {
        return new ProgramTracers(request, instrumentation).answer();
    }

    private String answer() {
        find();
        List<ProgramTracer> chosen = tracers.stream().filter(each -> request.selects(each.folder())).toList();
        if (chosen.isEmpty() && failed == 0) {
            return none();
        }
        for (TracerRequest.Switch each : request.switches()) {
            // Rules switch the events of the agent's own tracer, unless it is named.
            chosen.stream().filter(tracer -> !tracer.isOwn() || request.tracer() != null)
                    .forEach(tracer -> attempt(tracer, () -> enable(tracer, each)));
        }
        if (request.flush()) {
            chosen.stream().filter(each -> !each.isFlightRecorder()).forEach(each -> attempt(each, () -> {
                each.flush();
                say(each, "flushed");
            }));
        }
        if (request.snapshot()) {
            chosen.stream().filter(ProgramTracer::isFlightRecorder).forEach(each -> attempt(each, () ->
                    snapshot(each)));
        }
        if (request.list()) {
            chosen.forEach(each -> attempt(each, () -> list(each)));
        }
        if (failed > 0) {
            return "error: not all was done\n" + lines;
        }
        return done > 0 ? "ok\n" + lines : "error: " + nothing() + "\n";
    }

    private String none() {
        if (request.tracer() == null) {
            return (request.list() ? "ok\n" : "error: ") + "the program has no open tracer; it opens one by"
                    + " Tracer.flightRecorder or Tracer.streaming of rseq4j-trace\n";
        }
        StringBuilder text = new StringBuilder("error: tracer=" + request.tracer() + " matches no folder of an open"
                + " tracer" + (tracers.isEmpty() ? ": the program has none" : "; there are:") + "\n");
        tracers.forEach(each -> text.append(each.folder()).append('\n'));
        return text.toString();
    }

    /** Says why no tracer did what was asked for. */
    private String nothing() {
        if (!request.switches().isEmpty()) {
            return "only the agent's own tracer is open, and rules switch its events; name it by tracer to switch them"
                    + " all the same";
        }
        return request.flush()
                ? "no streaming tracer is open, and a flight recorder has nothing to flush: snapshot writes its events"
                : "no flight recorder is open, and a streaming tracer writes its events itself: flush writes them now";
    }

    private void find() {
        add(Tracer.class);
        for (Class<?> type : instrumentation.getAllLoadedClasses()) {
            if (type.getName().endsWith(CLASS_NAME_END) && type != Tracer.class) {
                add(type);
            }
        }
        tracers.sort(Comparator.comparing(ProgramTracer::folder));
    }

    private void add(Class<?> type) {
        try {
            Module module = type.getModule();
            if (module.isNamed() && !module.isOpen(type.getPackageName(), ProgramTracers.class.getModule())) {
                instrumentation.redefineModule(module, Set.of(), Map.of(),
                        Map.of(type.getPackageName(), Set.of(ProgramTracers.class.getModule())), Set.of(), Map.of());
            }
            Method open = type.getDeclaredMethod(OPEN_TRACERS);
            open.setAccessible(true);
            for (Map.Entry<?, ?> each : ((Map<?, ?>) open.invoke(null)).entrySet()) {
                tracers.add(ProgramTracer.of(each.getKey(), (boolean) each.getValue(), type == Tracer.class));
            }
        } catch (ReflectiveOperationException | IOException | RuntimeException | LinkageError e) {
            failed++;
            lines.append("the tracers of ").append(type.getName()).append(" in class loader ")
                    .append(type.getClassLoader()).append(" cannot be listed: ").append(e)
                    .append("; use the agent of the version of that rseq4j-trace\n");
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    /** A fault of one tracer leaves the others. */
    private void attempt(ProgramTracer tracer, Work work) {
        try {
            work.run();
        } catch (IOException e) {
            failed++;
            lines.append(tracer.folder()).append(": ").append(e.getMessage()).append('\n');
        }
    }

    private void say(ProgramTracer tracer, String text) {
        done++;
        lines.append(tracer.folder()).append(": ").append(text).append('\n');
    }

    private void enable(ProgramTracer tracer, TracerRequest.Switch each) throws IOException {
        int count = tracer.enable(each.pattern(), each.on());
        say(tracer, (each.on() ? "enabled " : "disabled ") + each.pattern() + ": " + count + " events"
                + (count == 0 ? " so far, and those of later providers" : ""));
    }

    private void snapshot(ProgramTracer tracer) throws IOException {
        Path wanted = request.snapshotFolder();
        Path parent = wanted != null ? wanted : tracer.folder().getParent();
        if (parent == null) {
            parent = tracer.folder();
        }
        Path snapshot = SnapshotNames.next(parent, tracer.folder().getFileName() + "-");
        Files.createDirectories(parent);
        tracer.snapshot(snapshot);
        say(tracer, "snapshot " + snapshot);
    }

    private void list(ProgramTracer tracer) throws IOException {
        List<String> events = tracer.events();
        say(tracer, (tracer.isFlightRecorder() ? "flight recorder" : "streaming") + ", " + events.size() + " events, "
                + (tracer.isOwn() ? "the agent's own" : "class loader " + tracer.loader()));
        events.forEach(each -> lines.append("    ").append(each).append('\n'));
    }
}
