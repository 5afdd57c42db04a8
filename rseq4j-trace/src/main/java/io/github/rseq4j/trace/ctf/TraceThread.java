package io.github.rseq4j.trace.ctf;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A thread that a trace names. Immutable. The metadata has it as an entry of {@code env}: {@code thread_N} with Java's
 * number N, or {@code kernel_thread_N} with the kernel's number N for a thread that Java does not know. The kernel
 * reuses numbers; later threads with the same number are {@code kernel_thread_N_2} and so on.
 *
 * @param javaId Java's number, or {@link #NONE}
 * @param kernelTid the kernel's number, in the namespace of the process; {@link #NONE} for a virtual thread, and if it
 *     is unknown
 * @param isVirtual whether the thread is virtual
 * @param from the time from which the kernel's number is known to be this thread's, in cycles, unsigned
 * @param to the time at which the kernel's number was no longer this thread's, in cycles, unsigned, or {@link #OPEN}
 * @param name the name; a long name is cut, and ends with three dots
 * @since 0.1.0
 */
public record TraceThread(long javaId, long kernelTid, boolean isVirtual, long from, long to, String name) {
    /** No number. */
    public static final long NONE = 0;
    /** The end of a period that has not ended. */
    public static final long OPEN = -1;
    /** The most characters of a name. */
    public static final int MAX_NAME_CHARS = 100;

    /** The entry of the environment with the numbers of virtual threads without names, like {@code 35-1034,1040}. */
    public static final String VIRTUAL = "virtual_threads";
    /** The entry of the environment with the number of threads whose names were dropped, because there are too many. */
    public static final String FORGOTTEN = "threads_forgotten";

    private static final String CUT = "...";
    private static final String JAVA = "thread_";
    private static final String KERNEL = "kernel_thread_";
    private static final Pattern KEY = Pattern.compile("(kernel_)?thread_([1-9]\\d{0,14})(?:_\\d{1,9})?");
    private static final Pattern TEXT = Pattern.compile("(platform|virtual|kernel)(?: tid=([1-9]\\d{0,9}))?"
            + "(?: from=(\\d{1,19}))?(?: to=(\\d{1,19}))? name=(.*)", Pattern.DOTALL);

    /** Cuts a long name. */
    public TraceThread {
        name = cut(name);
    }

    /**
     * {@return a name, or its beginning with three dots if it is longer than {@link #MAX_NAME_CHARS}}
     *
     * @param name the name
     */
    public static String cut(String name) {
        if (name.length() <= MAX_NAME_CHARS) {
            return name;
        }
        int end = MAX_NAME_CHARS - CUT.length();
        return name.substring(0, Character.isHighSurrogate(name.charAt(end - 1)) ? end - 1 : end) + CUT;
    }

    /**
     * Adds the entry of this thread to an environment.
     *
     * @param environment the environment
     */
    void putInto(Map<String, Object> environment) {
        String key = javaId != NONE ? JAVA + javaId : KERNEL + kernelTid;
        String text = isVirtual ? "virtual" : javaId != NONE ? "platform" : "kernel";
        if (kernelTid != NONE) {
            text += (javaId != NONE ? " tid=" + kernelTid : "") + " from=" + Long.toUnsignedString(from)
                    + (to == OPEN ? "" : " to=" + Long.toUnsignedString(to));
        }
        String free = key;
        for (int i = 2; environment.containsKey(free); i++) {
            free = key + "_" + i;
        }
        environment.put(free, text + " name=" + name);
    }

    /**
     * Parses an entry of an environment.
     *
     * @param key the name of the entry
     * @param value the value of the entry
     * @return the thread, or null if the entry is not a thread
     */
    static @Nullable TraceThread of(String key, Object value) {
        Matcher number = KEY.matcher(key);
        if (!number.matches() || !(value instanceof String text)) {
            return null;
        }
        Matcher words = TEXT.matcher(text);
        boolean isKernel = number.group(1) != null;
        if (!words.matches() || isKernel != words.group(1).equals("kernel")) {
            return null;
        }
        long id = Long.parseLong(number.group(2));
        long tid = words.group(2) == null ? NONE : Long.parseLong(words.group(2));
        long from = words.group(3) == null ? 0 : Long.parseUnsignedLong(words.group(3));
        long to = words.group(4) == null ? OPEN : Long.parseUnsignedLong(words.group(4));
        return new TraceThread(isKernel ? NONE : id, isKernel ? id : tid, words.group(1).equals("virtual"), from, to,
                words.group(5));
    }
}
