package io.github.rseq4j.agent.site;

import io.github.rseq4j.trace.common.TraceTime;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.MutableCallSite;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The call sites of one method. Any thread may call any method. */
public final class Site {
    /* How it works
     *
     * The JIT compilers treat the target of a call site as a constant, and compile anew what calls it when the target
     * changes. So a change of the mode needs no other code of the class, and a method that is switched off costs
     * nothing.
     *
     * The recorder is made when the method is called first: declaring an event takes a millisecond, and most of the
     * methods of a rule are never called.
     *
     * The JVM links the call site of an end when the end is reached first, which takes milliseconds in a young JVM. So
     * the first call of an end takes the time at which its linking began. The time of linking the entry lies before the
     * start.
     *
     * The JVM drops the call sites of a class when the class is transformed again or unloaded. So they are held weakly:
     * a program whose methods are traced again and again would keep them all.
     */
    private static final String ENTER = "enter";
    private static final MethodHandle FIRST = Handles.find(MethodHandles.lookup(), "first",
            MethodType.methodType(void.class, Linked.class, Object[].class));

    private final MutableCallSite enter = new MutableCallSite(Recorder.OFF.enter());
    private final List<EndCalls> ends = new ArrayList<>();
    private Supplier<? extends Recorder> mode = () -> Recorder.OFF;
    private @Nullable Recorder recorder;

    /** The call site of an end, which the code that contains it keeps. */
    private static final class EndCalls extends WeakReference<MutableCallSite> {
        private final Recorder.End end;

        EndCalls(Recorder.End end, MutableCallSite calls) {
            super(calls);
            this.end = end;
        }

        void use(Recorder next) {
            MutableCallSite calls = get();
            if (calls != null) {
                calls.setTarget(next.exit(end, calls.type()));
            }
        }
    }

    /**
     * The call site of an end, until its first call ends.
     *
     * @param site the method's
     * @param end the end
     * @param calls the call site
     * @param reached the time at which the end was reached first
     */
    record Linked(Site site, Recorder.End end, MutableCallSite calls, long reached) {
        void use(Recorder next) {
            calls.setTarget(next.exit(end, calls.type()));
        }
    }

    /**
     * Links a call site of the instrumented method.
     *
     * @param name the name: enter, exit, result or thrown
     * @param type its type
     * @return the call site
     */
    public CallSite link(String name, MethodType type) {
        long reached = TraceTime.now();
        synchronized (this) {
            if (recorder == null) {
                use(mode.get());
            }
            if (name.equals(ENTER)) {
                return enter;
            }
            Linked made = new Linked(this, Recorder.End.valueOf(name.toUpperCase(Locale.ROOT)),
                    new MutableCallSite(type), reached);
            made.calls().setTarget(FIRST.bindTo(made).asCollector(Object[].class, type.parameterCount()).asType(type));
            ends.removeIf(each -> each.get() == null);
            ends.add(new EndCalls(made.end(), made.calls()));
            return made.calls();
        }
    }

    /** Ends the call that has linked an end. */
    static void first(Linked linked, Object[] values) {
        Recorder now = linked.site().settle(linked);
        long start = linked.end().start(values);
        now.end(linked.end(), values, start > linked.reached() ? TraceTime.now() : linked.reached());
    }

    private synchronized Recorder settle(Linked linked) {
        Recorder now = Objects.requireNonNull(recorder);
        linked.use(now);
        return now;
    }

    private void use(Recorder next) {
        recorder = next;
        enter.setTarget(next.enter());
        ends.forEach(end -> end.use(next));
    }

    /**
     * Changes the mode. Calls that run end in the new mode.
     *
     * @param next makes what records calls from now on
     */
    public synchronized void set(Supplier<? extends Recorder> next) {
        mode = next;
        if (recorder != null) {
            use(next.get());
        }
    }
}
