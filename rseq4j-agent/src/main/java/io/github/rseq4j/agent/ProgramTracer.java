package io.github.rseq4j.agent;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An open tracer of any copy of rseq4j-trace in this JVM.
 *
 * @param tracer the tracer, an object of a class that this one cannot refer to
 * @param isFlightRecorder whether it is a flight recorder
 * @param isOwn whether it is the agent's
 * @param folder its folder, absolute
 */
record ProgramTracer(Object tracer, boolean isFlightRecorder, boolean isOwn, Path folder) {
    /** Creates the view of a tracer. */
    static ProgramTracer of(Object tracer, boolean isFlightRecorder, boolean isOwn) throws IOException {
        Path folder = (Path) call(tracer, "folder");
        return new ProgramTracer(tracer, isFlightRecorder, isOwn, folder.toAbsolutePath().normalize());
    }

    /** Enables or disables events, and returns the number of those so far. */
    int enable(String pattern, boolean isOn) throws IOException {
        return (int) call(tracer, isOn ? "enable" : "disable", pattern);
    }

    void flush() throws IOException {
        var _ = call(tracer, "flush");
    }

    void snapshot(Path snapshot) throws IOException {
        var _ = call(tracer, "snapshot", snapshot);
    }

    /** Returns a line for each event, sorted, with its state. */
    List<String> events() throws IOException {
        List<String> lines = new ArrayList<>();
        for (Object probe : (List<?>) call(tracer, "probes")) {
            lines.add(call(probe, "name") + ((boolean) call(probe, "isEnabled") ? " [enabled]" : " [disabled]"));
        }
        lines.sort(null);
        return lines;
    }

    /** Returns the name of the class loader of the tracer's code. */
    String loader() {
        ClassLoader loader = tracer.getClass().getClassLoader();
        String name = loader == null ? "boot" : loader.getName();
        return name == null ? String.valueOf(loader) : name;
    }

    /**
     * Calls a public method of a tracer or probe.
     *
     * @throws IOException if it fails; the message has the reason
     */
    private static Object call(Object target, String name, Object... arguments) throws IOException {
        Class<?>[] types = new Class<?>[arguments.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = arguments[i] instanceof Path ? Path.class : arguments[i].getClass();
        }
        try {
            Method method = target.getClass().getMethod(name, types);
            Object result = method.invoke(target, arguments);
            return result == null ? "" : result;
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            String message = cause.getMessage();
            throw new IOException(message == null ? cause.toString() : message, cause);
        } catch (ReflectiveOperationException e) {
            throw new IOException("the program has another version of rseq4j-trace than the agent (" + e
                    + "); use the agent of that version", e);
        }
    }
}
