package io.github.rseq4j.section;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Native;
import java.lang.invoke.MethodHandles;

/** Decides whether a class may build sections, which reach any memory that their steps name. */
final class NativeAccess {
    private NativeAccess() {}

    /**
     * Requires that a class's module has native access, or that sections reach no native memory.
     *
     * @param caller the class
     * @throws IllegalCallerException when the module has no native access and sections reach native memory
     */
    static void require(Class<?> caller) {
        Module module = caller.getModule();
        if (!module.isNativeAccessEnabled() && isNative() && !module.isNativeAccessEnabled()) {
            throw new IllegalCallerException("module=" + (module.isNamed() ? module.getName() : "ALL-UNNAMED")
                    + ", class=" + caller.getName() + ": a section reads and writes any memory that its steps name,"
                    + " and the module has no native access; start java with --enable-native-access="
                    + (module.isNamed() ? module.getName() : "ALL-UNNAMED")
                    + ", or give SectionBuilder the class's MethodHandles.lookup()");
        }
    }

    /**
     * Requires the same of the class that a lookup belongs to. Where its module has no native access the JVM decides.
     *
     * @param lookup the lookup
     * @throws IllegalCallerException when the JVM refuses
     * @throws IllegalArgumentException when the lookup has no full privilege access
     */
    static void require(MethodHandles.Lookup lookup) {
        // Any class can get a public lookup, or one of another class that was reduced.
        if (!lookup.hasFullPrivilegeAccess()) {
            throw new IllegalArgumentException("lookup=" + lookup + ", must be the result of MethodHandles.lookup()"
                    + " in the class that builds the section");
        }
        if (!lookup.lookupClass().getModule().isNativeAccessEnabled() && isNative()) {
            Native.requireNativeAccess(lookup);
        }
    }

    /**
     * Tells whether sections reach native memory. On the class path the JVM grants native access, with a warning, when
     * this library first uses it, unless it is told to deny it; then the fallback serves.
     */
    private static boolean isNative() {
        return Native.refusal() == null && Engine.get().hasKernelPages();
    }
}
