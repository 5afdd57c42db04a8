package io.github.rseq4j.trace;

/**
 * The importance of an event. These are the log levels of LTTng-UST (https://lttng.org/man/3/lttng-ust, "log level");
 * the ordinals are LTTng's numbers.
 *
 * @since 0.1.0
 */
public enum Level {
    /** The program is unusable. */
    EMERG,
    /** An action must be taken immediately. */
    ALERT,
    /** A critical condition. */
    CRIT,
    /** An error. */
    ERR,
    /** A warning. */
    WARNING,
    /** A normal but significant condition. */
    NOTICE,
    /** Information. The default level of an event. */
    INFO,
    /** Debugging, of the whole system. */
    DEBUG_SYSTEM,
    /** Debugging, of a program. */
    DEBUG_PROGRAM,
    /** Debugging, of a process. */
    DEBUG_PROCESS,
    /** Debugging, of a module. */
    DEBUG_MODULE,
    /** Debugging, of a compilation unit. */
    DEBUG_UNIT,
    /** Debugging, of a function. */
    DEBUG_FUNCTION,
    /** Debugging, of a line. */
    DEBUG_LINE,
    /** Debugging. */
    DEBUG
}
