package io.github.rseq4j.trace;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names a provider. A provider is an interface whose abstract methods are events; {@link Tracer#probes(Class)}
 * implements it. Without this annotation the name is the simple name of the interface with a lower-case first letter.
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
 *     default void received(long id, Throwable why) {  // not an event; records one
 *         received(id, why.getClass().getName());
 *     }
 * }
 * }
 *
 * <p><b>Events.</b> Each abstract method is an event, including inherited ones. It returns void, or a {@link Span}. The
 * names of the events of an interface differ. Methods with a body, and the methods of {@link Object}, are not events.
 *
 * <p><b>Fields.</b> Each parameter is a field. Its type is a primitive type, String, an array of bytes, or an
 * enumeration; references may be null. Its name is the name of the parameter, if the interface is compiled with
 * {@code -parameters}, and otherwise {@code arg0} and so on, of which the tracer warns once for each interface, through
 * the {@link System.Logger} of the name of {@link Tracer}; {@link Field} names it explicitly. Strings are recorded in
 * UTF-8, enumerations as ordinals.
 *
 * <p><b>Limits.</b> A record has at most 4,096 bytes of fields; {@link TracerOptions#withFieldBytes} changes that.
 * Strings and arrays that exceed the limit are cut and marked as cut. The last fields are cut first. Strings are cut
 * between characters.
 *
 * <p><b>Access.</b> On the class path, and in a package that its module opens to {@code io.github.rseq4j.trace}, the
 * interface may have any visibility. In other packages of modules it must be public and exported; otherwise
 * {@link Tracer#probes(java.lang.invoke.MethodHandles.Lookup, Class)} takes a lookup of its package.
 *
 * @since 0.1.0
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Provider {
    /** {@return the name: up to 128 letters, digits and {@code _.$-}, of which the first is a letter or {@code _}} */
    String value();
}
