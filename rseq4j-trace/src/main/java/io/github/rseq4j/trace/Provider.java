package io.github.rseq4j.trace;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names a provider: an interface, each of whose abstract methods is an event. An interface need not have it; its
 * provider is then called like it, with a small first letter.
 *
 * {@snippet lang = java:
 * @Provider("http")
 * interface Requests {
 *     void received(long id, String path);             // http:received, with fields id and path
 *
 *     @Event(value = "done", level = Level.DEBUG)
 *     void answered(long id, @Field("status_code") short status);
 *
 *     Span parse(long id);                             // http:parse_begin and http:parse_end
 *
 *     default void received(long id, Throwable why) {  // no event, but a method that calls one
 *         received(id, why.getClass().getName());
 *     }
 * }
 * }
 *
 * <p><b>Events.</b> An abstract method is an event, also one that is inherited from another interface. It returns
 * nothing, or a {@link Span}. No two of one interface have the same name. Methods with a body are left alone, and may
 * call those without; so are the methods of {@link Object}.
 *
 * <p><b>Fields.</b> A parameter is a field. It is a primitive, a String, an array of bytes, or an enumeration. Its name
 * is in the class file where the interface is compiled with {@code -parameters}; else it is {@code arg0} and so on, if
 * {@link Field} does not name it. Strings are recorded in UTF-8, enumerations by their ordinals; each may be null. What
 * is passed is never changed. A record holds 4,096 bytes of fields, if the tracer does not say otherwise: the Strings
 * and arrays that do not fit are cut, Strings between characters, the first ones last.
 *
 * <p><b>Access.</b> The interface may have any visibility, on the class path and in a package that its module opens to
 * {@code io.github.rseq4j.trace}. In other packages of modules it must be public and exported, or be handed in with a
 * {@link java.lang.invoke.MethodHandles.Lookup} of its package.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Provider {
    /** {@return the name: letters, digits and any of {@code _.$-}, a letter or underscore first; up to 128} */
    String value();
}
