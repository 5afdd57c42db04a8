package io.github.rseq4j.trace;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names a field of an event: the parameter's own name is in no class file without {@code -parameters}. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PARAMETER)
public @interface Field {
    /** {@return the name: letters, digits and underscores, a letter first; up to 128} */
    String value();
}
