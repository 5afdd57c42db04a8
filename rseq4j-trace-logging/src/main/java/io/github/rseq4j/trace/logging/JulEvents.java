package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Event;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Level;
import io.github.rseq4j.trace.Provider;
import org.jspecify.annotations.Nullable;

/**
 * What {@link TraceLogHandler} records: an event for each level of java.util.logging, for who switches them, and for
 * readers that know levels. The logger comes ahead of the message, so that a long message does not cut it.
 */
@Provider("jul")
interface JulEvents {
    /** Level SEVERE and above. */
    @Event(level = Level.ERR)
    void severe(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level WARNING, and what is between it and the next. */
    @Event(level = Level.WARNING)
    void warning(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level INFO, and what is between it and the next. */
    @Event(level = Level.INFO)
    void info(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level CONFIG, and what is between it and the next. */
    @Event(level = Level.DEBUG_SYSTEM)
    void config(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level FINE, and what is between it and the next. */
    @Event(level = Level.DEBUG_PROGRAM)
    void fine(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level FINER, and what is between it and the next: methods that begin and end. */
    @Event(level = Level.DEBUG_FUNCTION)
    void finer(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** All below. */
    @Event(level = Level.DEBUG)
    void finest(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);
}
