package io.github.rseq4j.trace;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Sets the name, the number, the level or the limits of an event, which is a method of a {@link Provider}.
 *
 * @since 0.1.0
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Event {
    /** Lets the tracer choose the number. */
    int NEXT_ID = -1;

    /**
     * {@return the name: up to 128 letters, digits and {@code _.$-}, of which the first is a letter or {@code _}} An
     * empty name stands for the name of the method. The events of a {@link Span} have the suffixes {@code _begin} and
     * {@code _end}.
     */
    String value() default "";

    /**
     * {@return the number, 0 to 65,535, which no other event of the trace may have; or {@link #NEXT_ID}} The tracer
     * chooses the lowest free numbers, so explicit numbers should be high. The end of a {@link Span} has the number
     * after that of the begin.
     */
    int id() default NEXT_ID;

    /** {@return the level} */
    Level level() default Level.INFO;

    /**
     * {@return the number n of calls of which one is recorded, at least 1} {@link Tracer#sample} changes it while the
     * tracer runs.
     */
    int oneIn() default 1;

    /**
     * {@return the number of calls that are recorded each second, at most 10,000,000; or 0 for all}
     * {@link Tracer#limit} changes it while the tracer runs.
     */
    int perSecond() default 0;
}
