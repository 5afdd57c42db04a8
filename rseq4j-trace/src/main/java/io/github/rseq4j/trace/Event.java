package io.github.rseq4j.trace;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Says of an event what is not to be as it is without: its name, number or level. See {@link Provider}. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Event {
    /** Stands for a number that the tracer gives. */
    int NEXT_ID = -1;

    /**
     * {@return the name: letters, digits and any of {@code _.$-}, a letter or underscore first; up to 128} Empty stands
     * for the method's. Of a {@link Span} the events have it with {@code _begin} and {@code _end}.
     */
    String value() default "";

    /**
     * {@return the number, 0 to 65,535, which must be unlike that of every event of the trace; or {@link #NEXT_ID}}
     * Events that have none get the lowest ones, so choose from the highest. The end of a {@link Span} has the next.
     */
    int id() default NEXT_ID;

    /** {@return how important it is} */
    Level level() default Level.INFO;
}
