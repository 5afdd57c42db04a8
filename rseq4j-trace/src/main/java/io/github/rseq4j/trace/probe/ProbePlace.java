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
     * In the provider's own package anything can be implemented, and its class loader knows all types of the fields. A
     * class of that package can let us in (a lookup), or its module (opens), or everybody (the class path). Where
     * nobody does, a provider that is public and exported can be implemented here, if our class loader knows it.
     *
     * A lookup that we make in a package of another module may define classes there, but no hidden ones. So it defines
     * one that makes a lookup of its own, once for each package and class loader.
     */
    private static final MethodHandles.Lookup OWN = MethodHandles.lookup();

    private static final String GUEST = "Rseq4jProbes";
    private static final MethodType GUEST_TYPE = MethodType.methodType(MethodHandles.Lookup.class);

    private ProbePlace() {}

    /**
     * Returns where to implement a provider.
     *
     * @param provider the interface
     * @throws IllegalArgumentException when it cannot be; the message says what to do
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
            // It is not for us, and so for nobody but its own package.
        }
        throw new IllegalArgumentException("provider=" + provider.getName() + ": package "
                + provider.getPackageName() + " of module " + module.getName() + " is not open to " + own
                + ": call probes(MethodHandles.lookup(), " + provider.getSimpleName() + ".class) from a class of that"
                + " package, or let the module open it (opens " + provider.getPackageName() + " to "
                + "io.github.rseq4j.trace)");
    }

    /** Returns the lookup of a class of ours in the package of a lookup. */
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
            // Somebody else was faster: another thread, or another copy of this class.
            return known;
        }
    }

    /** Returns the class of a name that is of the same package and class loader, or null. */
    private static @Nullable Class<?> known(MethodHandles.Lookup place, String name) throws IllegalAccessException {
        try {
            Class<?> found = place.findClass(name);
            return Objects.equals(found.getClassLoader(), place.lookupClass().getClassLoader()) ? found : null;
        } catch (ClassNotFoundException _) {
            return null;
        }
    }

    /**
     * Checks where somebody wants a provider to be implemented.
     *
     * @param place what they can access
     * @param provider the interface
     * @return place
     * @throws IllegalArgumentException when it cannot be; the message says what to do
     */
    public static MethodHandles.Lookup of(MethodHandles.Lookup place, Class<?> provider) {
        String what = "lookup=" + place + ": ";
        String remedy = "; call MethodHandles.lookup() in a class of package " + provider.getPackageName();
        if (!place.hasFullPrivilegeAccess()) {
            throw new IllegalArgumentException(what + "has not the access of its class itself" + remedy);
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
