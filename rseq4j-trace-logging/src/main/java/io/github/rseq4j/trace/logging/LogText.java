package io.github.rseq4j.trace.logging;

import java.text.MessageFormat;
import java.util.MissingResourceException;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/** Makes texts of logged objects. This runs code of the program, which can throw, and can log. */
final class LogText {
    /* How it works
     *
     * While a thread makes a text, messages that it logs are recorded with their plain texts. Otherwise a parameter
     * whose toString logs the parameter would recurse without end. A scoped value marks the thread.
     *
     * Refused: a ThreadLocal, because each of a million virtual threads would keep a table.
     */
    private static final ScopedValue<Boolean> MAKING = ScopedValue.newInstance();

    private LogText() {}

    /**
     * Makes a text, unless this thread is making another one.
     *
     * @param text makes the text
     * @param plain the result if this thread is making another text
     * @return the text
     */
    static @Nullable String make(ScopedValue.CallableOp<@Nullable String, RuntimeException> text,
            @Nullable String plain) {
        return MAKING.isBound() ? plain : ScopedValue.where(MAKING, true).call(text);
    }

    /**
     * Formats a message like java.util.logging and the JDK's own System.Logger.
     *
     * @param bundle localizes the message, or null
     * @param message the message, or its key in the bundle
     * @param parameters the parameters; ignored if the message has no place for them
     * @throws IllegalArgumentException if the message is not a pattern; the parameters may throw anything
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

    /** Returns the text of a throwable, the name of its class if its text fails, or null for null. */
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
