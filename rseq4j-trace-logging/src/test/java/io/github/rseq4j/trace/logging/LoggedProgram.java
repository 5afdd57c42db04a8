package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/** A program that a class loader of its own loads, and that leaves a bridge and its tracer behind. */
public final class LoggedProgram {
    private static final List<Tracer> TRACERS = new ArrayList<>();

    /** Which bridge. */
    enum Use { HANDLER, FINDER }

    private LoggedProgram() {}

    /**
     * Logs once.
     *
     * @param use which bridge it has
     * @param folder where it traces
     * @return what it holds in a static field
     * @throws IOException when the trace cannot be made
     */
    public static Object use(String use, Path folder) throws IOException {
        Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults().withSubBuffers(1 << 12, 4));
        switch (Use.valueOf(use)) {
            case HANDLER -> {
                Logger logger = Logger.getLogger("program");
                TraceLogHandler handler = new TraceLogHandler(tracer);
                logger.setUseParentHandlers(false);
                logger.addHandler(handler);
                logger.log(Level.WARNING, "{0} logs", use);
                logger.removeHandler(handler);
            }
            case FINDER -> {
                TraceLoggerFinder finder = new TraceLoggerFinder(new Silent());
                finder.attach(tracer);
                finder.getLogger("program", LoggedProgram.class.getModule())
                        .log(System.Logger.Level.WARNING, "{0} logs", use);
            }
        }
        TRACERS.add(tracer);
        return TRACERS;
    }

    /** Finds loggers that are those of the JDK, and print nothing. */
    private static final class Silent extends System.LoggerFinder {
        @Override
        public System.Logger getLogger(String name, Module module) {
            Logger.getLogger(name).setUseParentHandlers(false);
            return System.getLogger(name);
        }
    }
}
