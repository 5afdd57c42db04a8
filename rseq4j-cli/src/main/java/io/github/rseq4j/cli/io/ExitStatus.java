package io.github.rseq4j.cli.io;

/** The exit statuses of all commands. docs/operations.md explains them to users. */
public final class ExitStatus {
    /** Done, and nothing is wrong. */
    public static final int OK = 0;
    /** The answer is bad: an update was lost, counts differ, a statement failed, the agent refused. */
    public static final int BAD = 1;
    /** The command line must be changed: wrong usage, or a name of a file or process that is not there. */
    public static final int USAGE = 2;
    /** Nothing is wrong, but the fallback ran. */
    public static final int FALLBACK = 3;
    /** A trace, recording or table is damaged or incomplete. Everything that is readable was shown. */
    public static final int DAMAGED = 4;
    /** The machine, or another process, refuses what a correct command line asks for. */
    public static final int CANNOT = 5;
    /** The user pressed Ctrl-C: the status that a shell reports for a process that SIGINT ended. */
    public static final int INTERRUPTED = 128 + 2;
    /** The reader closed the pipe: the status that a shell reports for a process that SIGPIPE ended. */
    public static final int PIPE = 128 + 13;

    private ExitStatus() {}
}
