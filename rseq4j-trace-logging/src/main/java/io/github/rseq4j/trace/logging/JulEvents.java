package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Event;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Level;
import io.github.rseq4j.trace.Provider;
import org.jspecify.annotations.Nullable;

/**
 * The events of {@link TraceLogHandler}, one for each level of java.util.logging. So users can switch levels by events,
 * and readers of the trace know the level. The logger's name is before the message in the record, because a record that
 * is too long is cut at its end.
 */
@Provider("jul")
interface JulEvents {
    /** Level SEVERE and above. */
    @Event(level = Level.ERR)
    void severe(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level WARNING, and levels below SEVERE. */
    @Event(level = Level.WARNING)
    void warning(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level INFO, and levels below WARNING. */
    @Event(level = Level.INFO)
    void info(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level CONFIG, and levels below INFO. */
    @Event(level = Level.DEBUG_SYSTEM)
    void config(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level FINE, and levels below CONFIG. */
    @Event(level = Level.DEBUG_PROGRAM)
    void fine(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level FINER, and levels below FINE: entry to and exit from methods. */
    @Event(level = Level.DEBUG_FUNCTION)
    void finer(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level FINEST, and all other levels below FINER. */
    @Event(level = Level.DEBUG)
    void finest(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);
}
