package io.github.rseq4j.registration;

import io.github.rseq4j.ir.Chain;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The claim of libc or of the provider image that it registers this process's threads, and the proof of the claim. */
public final class Claim {
    /* How it works
     *
     * 1. Read what libc says. If it registers threads, libc is the owner, and rseq4j never registers a thread.
     * 2. Ask the kernel whether it refuses rseq(2) to every thread.
     * 3. Find or load the provider image. It says which party owns the area, and registers each thread that calls it.
     *
     * A step that fails ends the search with the owner NONE, a reason and a remedy.
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
     * @param isCallerTaken tells whether the thread that waits for the engine has an area of an unknown owner
     * @param chains the sections that the provider image gets as C functions, if it is loaded here
     * @param strideShift the binary logarithm of the stride, in bytes
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
     * Proves the claim on the calling thread, which must be a platform thread. The thread is registered first if the
     * provider image registers threads.
     *
     * @param thread reads the calling thread's thread pointer
     * @return the registration with its proof, or NONE with its reason
     */
    public Registration proven(Registration.ThreadPointer thread) {
        return registration.proven(thread, join());
    }

    /**
     * Returns the reason why the claim cannot be used on a thread that could not be registered, with the owner NONE.
     *
     * @param errno what {@link #join} answered, as a positive number
     */
    public Registration notJoined(int errno) {
        return registration.notJoined(errno);
    }

    /** Tells whether {@link #join} registers threads; otherwise libc has registered all of them. */
    public boolean registers() {
        return provider != null;
    }

    /**
     * Registers the calling carrier thread until it ends, if the provider image registers threads.
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
