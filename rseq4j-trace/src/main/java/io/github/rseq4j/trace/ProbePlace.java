package io.github.rseq4j.trace;

import java.lang.invoke.MethodHandles;

/** Finds the package in which a provider can be implemented. */
final class ProbePlace {
    /* How it works
     *
     * In the provider's own package anything can be implemented, and its class loader knows all types of the fields. A
     * class of that package can let us in (a lookup), or its module (opens), or everybody (the class path). Where
     * nobody does, a provider that is public and exported can be implemented here, if our class loader knows it.
     */
    private static final MethodHandles.Lookup OWN = MethodHandles.lookup();

    private ProbePlace() {}

    /**
     * Returns where to implement a provider.
     *
     * @param provider the interface
     * @throws IllegalArgumentException when it cannot be; the message says what to do
     */
    static MethodHandles.Lookup of(Class<?> provider) {
        Module own = OWN.lookupClass().getModule();
        Module module = provider.getModule();
        own.addReads(module);
        try {
            if (module.isOpen(provider.getPackageName(), own)) {
                return MethodHandles.privateLookupIn(provider, OWN);
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
                + OWN.lookupClass().getPackageName() + ")");
    }

    /**
     * Checks where somebody wants a provider to be implemented.
     *
     * @param place what they can access
     * @param provider the interface
     * @return place
     * @throws IllegalArgumentException when it cannot be; the message says what to do
     */
    static MethodHandles.Lookup of(MethodHandles.Lookup place, Class<?> provider) {
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
