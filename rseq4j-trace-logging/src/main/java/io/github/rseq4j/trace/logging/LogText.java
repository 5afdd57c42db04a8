package io.github.rseq4j.trace.logging;

import java.text.MessageFormat;
import java.util.MissingResourceException;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/** Runs what makes a text of something that was logged: code of others, which may throw, and may log. */
final class LogText {
    /* How it works
     *
     * What is logged while a text is made is recorded, but its own text is not made: it would be, again and again, if
     * the text of a parameter is that it logs itself. A scoped value tells that a text is being made.
     *
     * Refused: a ThreadLocal, which leaves a table behind in each of a million virtual threads.
     */
    private static final ScopedValue<Boolean> MAKING = ScopedValue.newInstance();

    private LogText() {}

    /**
     * Runs what makes a text, or does not, if this thread is making one.
     *
     * @param text makes the text
     * @param plain what it is without that
     * @return the text
     */
    static @Nullable String make(ScopedValue.CallableOp<@Nullable String, RuntimeException> text,
            @Nullable String plain) {
        return MAKING.isBound() ? plain : ScopedValue.where(MAKING, true).call(text);
    }

    /**
     * Formats a message as java.util.logging and the JDK's own System.Logger do it.
     *
     * @param bundle what localizes the message, if anything
     * @param message the message, or what it is called in the bundle
     * @param parameters what is put into it: if there is something, and a place for it
     * @throws IllegalArgumentException when the message is no pattern; the parameters may throw anything
     */
    static String formatted(@Nullable ResourceBundle bundle, String message,
            @Nullable Object @Nullable ... parameters) {
        String localized = bundle == null ? message : localized(bundle, message);
        return parameters != null && parameters.length > 0 && hasPlace(localized)
                ? MessageFormat.format(localized, parameters) : localized;
    }

    private static String localized(ResourceBundle bundle, String key) {
        try {
            return bundle.getString(key);
        } catch (MissingResourceException | ClassCastException _) {
            return key;
        }
    }

    private static boolean hasPlace(String format) {
        for (int i = format.indexOf('{'); i >= 0 && i + 1 < format.length(); i = format.indexOf('{', i + 1)) {
            char next = format.charAt(i + 1);
            if (next >= '0' && next <= '9') {
                return true;
            }
        }
        return false;
    }

    /** Returns what a throwable says, its class alone where that throws, or null where there is none. */
    static @Nullable String thrown(@Nullable Throwable thrown) {
        if (thrown == null) {
            return null;
        }
        String plain = thrown.getClass().getName();
        try {
            return make(thrown::toString, plain);
        } catch (Throwable _) {
            return plain;
        }
    }
}
