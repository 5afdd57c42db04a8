package io.github.rseq4j.kernel;

import java.lang.foreign.Arena;

/** The dynamic linker of this process (dlfcn.h). */
public final class DynamicLinker {
    /** dlopen(3): RTLD_NOW ({@code dlfcn.h}). */
    public static final int RTLD_NOW = 2;
    /** dlopen(3): RTLD_GLOBAL, objects that are loaded later can use the object's symbols. */
    public static final int RTLD_GLOBAL = 0x100;
    /** dlopen(3): RTLD_NOLOAD, only an object that is loaded already. */
    public static final int RTLD_NOLOAD = 4;

    private DynamicLinker() {}

    /**
     * dlsym(3) over the process's global scope.
     *
     * @param symbol a name
     * @return its address, 0 if no object defines it; for a thread-local symbol, the address of the calling thread's
     *     variable
     */
    public static long dlsym(String symbol) {
        try (Arena arena = Arena.ofConfined()) {
            return Native.call(Native.find("dlsym"), 0, arena.allocateFrom(symbol).address()).value();
        }
    }

    /**
     * dlopen(3).
     *
     * @param path the object's path
     * @param flags the RTLD constants
     * @return empty, or dlerror(3)'s message if the object was refused
     */
    public static String dlopen(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            // dlerror is looked up first, because a look-up discards its message.
            long dlerror = Native.find("dlerror");
            if (Native.call(Native.find("dlopen"), arena.allocateFrom(path).address(), flags).value() != 0) {
                return "";
            }
            long message = Native.call(dlerror).value();
            return message == 0 ? "no reason given" : Native.everything().getString(message);
        }
    }

    /**
     * Tells whether a loaded object, or one that it needs, defines a symbol.
     *
     * @param path the object's path
     * @param symbol a name
     */
    public static boolean defines(String path, String symbol) {
        try (Arena arena = Arena.ofConfined()) {
            long object = Native.call(Native.find("dlopen"), arena.allocateFrom(path).address(),
                    RTLD_NOW | RTLD_NOLOAD).value();
            if (object == 0) {
                return false;
            }
            long found = Native.call(Native.find("dlsym"), object, arena.allocateFrom(symbol).address()).value();
            Native.call(Native.find("dlclose"), object);
            return found != 0;
        }
    }
}
