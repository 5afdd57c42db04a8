package io.github.rseq4j.registration;

import io.github.rseq4j.ir.Chain;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The claim of libc or of the provider image to the registration of this process's threads, and its proof. */
public final class Claim {
    /* How it works
     *
     * 1. libc is asked. Where it registers threads, its claim stands and no thread is ever registered here.
     * 2. The kernel is asked whether it refuses rseq(2) to all.
     * 3. The provider image is found or loaded. It says who owns the area, and registers the threads that ask.
     *
     * Each step that fails ends with the owner NONE, a reason and a remedy.
     */
    private final Registration registration;
    private final @Nullable Provider provider;

    private Claim(Registration registration, @Nullable Provider provider) {
        this.registration = registration;
        this.provider = provider;
    }

    /**
     * Finds the claim of this process.
     *
     * @param libcAlone whether libc alone may own the registration
     * @param isCallerTaken tells whether the thread that asked for the engine has an area of an unknown owner
     * @param chains the sections that a provider image has as C functions, where one is loaded
     * @param strideShift the binary logarithm of the distance between two indices' copies of a cell, in bytes
     */
    public static Claim find(boolean libcAlone, BooleanSupplier isCallerTaken, List<Chain> chains, int strideShift) {
        Registration libc = Registration.claimedByLibc();
        if (libc.owner() != Owner.NONE) {
            return new Claim(libc, null);
        }
        Registration refused = Registration.refusedByKernel();
        if (refused != null) {
            return new Claim(refused, null);
        }
        if (libcAlone) {
            return new Claim(libc, null);
        }
        try {
            Provider provider = Provider.get(isCallerTaken, chains, strideShift);
            return new Claim(Registration.claimedBy(provider), provider);
        } catch (Provider.RefusedException e) {
            return new Claim(Registration.none(String.valueOf(e.getMessage()), e.remedy()), null);
        }
    }

    /** Returns the claimed registration, without a proof; its owner is NONE if threads cannot be registered. */
    public Registration registration() {
        return registration;
    }

    /**
     * Proves the claim on the calling thread, a platform thread, which is registered first where that is for the
     * provider image to do.
     *
     * @param thread reads the calling thread's thread pointer
     * @return the registration with its proof, or NONE with its reason
     */
    public Registration proven(Registration.ThreadPointer thread) {
        return registration.proven(thread, join());
    }

    /**
     * Returns why the claim is of no use on a thread that could not be registered.
     *
     * @param errno what {@link #join} answered, as a positive number
     */
    public Registration notJoined(int errno) {
        return registration.notJoined(errno);
    }

    /** Tells whether {@link #join} registers threads; where it does not, libc has registered all of them. */
    public boolean registers() {
        return provider != null;
    }

    /**
     * Registers the calling carrier thread until it ends, where that is for the provider image to do.
     *
     * @return 0, also where there is nothing to do, or -errno
     */
    public int join() {
        Provider image = provider;
        return image == null ? 0 : image.join();
    }

    /**
     * Returns the address of the C function {@code int join()}, which does what {@link #join} does and may be called in
     * a signal handler; 0 where the provider image does not register threads.
     */
    public long joinAddress() {
        Provider image = provider;
        return image == null ? 0 : image.joinAddress();
    }
}
