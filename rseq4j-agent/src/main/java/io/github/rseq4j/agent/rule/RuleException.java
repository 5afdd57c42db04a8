package io.github.rseq4j.agent.rule;

/** Thrown if an option or rule of the agent is wrong. The message has the option, the problem and what is allowed. */
public final class RuleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RuleException(String message) {
        super(message);
    }
}
