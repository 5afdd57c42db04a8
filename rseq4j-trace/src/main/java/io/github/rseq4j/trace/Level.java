package io.github.rseq4j.trace;

/**
 * How important an event is: the log levels of LTTng-UST, whose numbers are the ordinals
 * (https://lttng.org/man/3/lttng-ust, "log level").
 */
public enum Level {
    /** The program cannot be used. */
    EMERG,
    /** Something must be done at once. */
    ALERT,
    /** Critical. */
    CRIT,
    /** An error. */
    ERR,
    /** A warning. */
    WARNING,
    /** Normal, but worth notice. */
    NOTICE,
    /** Information: what an event has that says nothing else. */
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
