package io.github.rseq4j.trace.probe;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Finds the package in which a provider can be implemented. */
public final class ProbePlace {
    /* How it works
     *
     * A class in the provider's own package can implement any provider, and its class loader knows the types of all
     * fields. There are three ways into that package:
     *
     *   - a class of the package passes a lookup;
     *   - the module opens the package to this module;
     *   - the provider is on the class path.
     *
     * Otherwise the class is made in this package, if the provider is public and exported, and the class loader of
     * this package knows it.
     *
     * A lookup that is made here in a package of another module can define ordinary classes there, but no hidden ones.
     * So it defines an ordinary class (GUEST), which makes a lookup of its own. Each package of a class loader gets one
     * such class.
     */
    private static final MethodHandles.Lookup OWN = MethodHandles.lookup();

    private static final String GUEST = "Rseq4jProbes";
    private static final MethodType GUEST_TYPE = MethodType.methodType(MethodHandles.Lookup.class);

    private ProbePlace() {}

    /**
     * Returns a lookup in the package in which a provider can be implemented.
     *
     * @param provider the interface
     * @throws IllegalArgumentException when there is no such package; the message has the remedy
     */
    public static MethodHandles.Lookup of(Class<?> provider) {
        Module own = OWN.lookupClass().getModule();
        Module module = provider.getModule();
        own.addReads(module);
        try {
            if (module.isOpen(provider.getPackageName(), own)) {
                MethodHandles.Lookup place = MethodHandles.privateLookupIn(provider, OWN);
                return place.hasFullPrivilegeAccess() ? place : guest(place);
            }
            OWN.accessClass(provider);
            if (isSeenFrom(OWN, provider)) {
                return OWN;
            }
        } catch (IllegalAccessException _) {
            // The provider is not accessible from here: only a class of its own package can implement it.
        }
        throw new IllegalArgumentException("provider=" + provider.getName() + ": package "
                + provider.getPackageName() + " of module " + module.getName() + " is not open to " + own
                + ": call probes(MethodHandles.lookup(), " + provider.getSimpleName() + ".class) from a class of that"
                + " package, or let the module open it (opens " + provider.getPackageName() + " to "
                + "io.github.rseq4j.trace)");
    }

    /** Returns the lookup of the class GUEST in the package of a lookup. */
    private static MethodHandles.Lookup guest(MethodHandles.Lookup place) throws IllegalAccessException {
        String packageName = place.lookupClass().getPackageName();
        String name = (packageName.isEmpty() ? "" : packageName + ".") + GUEST;
        Class<?> known = known(place, name);
        Class<?> guest = known != null ? known : define(place, name);
        try {
            return (MethodHandles.Lookup) place.findStatic(guest, "lookup", GUEST_TYPE).invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException("package=" + packageName + " has a class " + GUEST
                    + " that makes no lookup", e);
        }
    }

    private static Class<?> define(MethodHandles.Lookup place, String name)
            throws IllegalAccessException {
        ClassDesc lookup = MethodHandles.Lookup.class.describeConstable().orElseThrow();
        byte[] bytes = ClassFile.of().build(ClassDesc.of(name), c -> c
                .withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC)
                .withMethodBody("lookup", MethodTypeDesc.of(lookup), ClassFile.ACC_STATIC, code -> code
                        .invokestatic(ClassDesc.of("java.lang.invoke.MethodHandles"), "lookup",
                                MethodTypeDesc.of(lookup))
                        .areturn()));
        try {
            return place.defineClass(bytes);
        } catch (LinkageError e) {
            Class<?> known = known(place, name);
            if (known == null) {
                throw e;
            }
            // Another thread, or another copy of this class, has defined it meanwhile.
            return known;
        }
    }

    /** Returns the class of a name that the class loader of the lookup's class has defined, or null. */
    private static @Nullable Class<?> known(MethodHandles.Lookup place, String name) throws IllegalAccessException {
        try {
            Class<?> found = place.findClass(name);
            return Objects.equals(found.getClassLoader(), place.lookupClass().getClassLoader()) ? found : null;
        } catch (ClassNotFoundException _) {
            return null;
        }
    }

    /**
     * Checks that a provider can be implemented in the package of a lookup.
     *
     * @param place the user's lookup
     * @param provider the interface
     * @return place
     * @throws IllegalArgumentException when it cannot; the message has the remedy
     */
    public static MethodHandles.Lookup of(MethodHandles.Lookup place, Class<?> provider) {
        String what = "lookup=" + place + ": ";
        String remedy = "; call MethodHandles.lookup() in a class of package " + provider.getPackageName();
        if (!place.hasFullPrivilegeAccess()) {
            throw new IllegalArgumentException(what + "does not have full privilege access" + remedy);
        }
        try {
            place.accessClass(provider);
        } catch (IllegalAccessException e) {
            throw new IllegalArgumentException(what + "may not access provider=" + provider.getName() + remedy, e);
        }
        if (!isSeenFrom(place, provider)) {
            throw new IllegalArgumentException(what + "has a class loader that does not know provider="
                    + provider.getName() + remedy);
        }
        return place;
    }

    private static boolean isSeenFrom(MethodHandles.Lookup place, Class<?> provider) {
        try {
            return Class.forName(provider.getName(), false, place.lookupClass().getClassLoader()) == provider;
        } catch (ClassNotFoundException | LinkageError _) {
            return false;
        }
    }
}
