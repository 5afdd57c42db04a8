package io.github.rseq4j.cli;

/** A program that runs commands of rseq4j, for tests of another user or with other rights. */
public final class Commands {
    private Commands() {}

    /** Runs each argument as a command, whose words are separated by blanks, and prints its exit status and output. */
    public static void main(String[] commands) {
        for (String command : commands) {
            Run run = Run.of(command.split(" ", -1));
            System.out.println(run.exit() + ": " + run.out() + run.err().strip());
        }
    }
}
