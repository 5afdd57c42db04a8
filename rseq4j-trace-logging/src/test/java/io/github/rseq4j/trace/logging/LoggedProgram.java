package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/** A program in a class loader of its own, which does not close its bridge and its tracer. */
public final class LoggedProgram {
    private static final List<Tracer> TRACERS = new ArrayList<>();

    /** The kinds of bridges. */
    enum Use { HANDLER, FINDER }

    private LoggedProgram() {}

    /**
     * Logs once.
     *
     * @param use the kind of bridge
     * @param folder the folder of the trace
     * @return the content of a static field of the program
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

    /** Finds the JDK's loggers, which print nothing. */
    private static final class Silent extends System.LoggerFinder {
        @Override
        public System.Logger getLogger(String name, Module module) {
            Logger.getLogger(name).setUseParentHandlers(false);
            return System.getLogger(name);
        }
    }
}
