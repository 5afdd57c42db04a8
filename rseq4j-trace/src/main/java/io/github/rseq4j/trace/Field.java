package io.github.rseq4j.trace;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names a field of an event, which is a parameter of a method of a {@link Provider}. Without it, and without the
 * compiler's option {@code -parameters}, the class file does not have the parameter's name.
 *
 * @since 0.1.0
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PARAMETER)
public @interface Field {
    /** {@return the name: up to 128 letters, digits and underscores, of which the first is a letter} */
    String value();
}
