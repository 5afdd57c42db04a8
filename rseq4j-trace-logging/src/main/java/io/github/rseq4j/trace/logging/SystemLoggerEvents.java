package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Event;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Level;
import io.github.rseq4j.trace.Provider;
import org.jspecify.annotations.Nullable;

/** The events of {@link TraceLoggerFinder}, one for each level, like {@link JulEvents}. */
@Provider("system_logger")
interface SystemLoggerEvents {
    /** Level ERROR. */
    @Event(level = Level.ERR)
    void error(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level WARNING. */
    @Event(level = Level.WARNING)
    void warning(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level INFO. */
    @Event(level = Level.INFO)
    void info(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level DEBUG. */
    @Event(level = Level.DEBUG_PROGRAM)
    void debug(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);

    /** Level TRACE. */
    @Event(level = Level.DEBUG)
    void trace(@Field("level") int level, @Field("level_name") String levelName,
            @Field("logger") @Nullable String logger, @Field("message") @Nullable String message,
            @Field("thrown") @Nullable String thrown);
}
