package io.github.rseq4j.cli.inspect;

import io.github.rseq4j.cli.process.LoadedObjects;
import io.github.rseq4j.cli.process.PtraceSession;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the likely owners of the registered areas of a process's threads. */
final class Owners {
    /** The kinds of owners. */
    enum Kind {
        /** The area that glibc reserves, also if another library registered it. */
        LIBC,
        /** The thread-local area of a loaded object. */
        SYMBOL,
        /** Neither of the two. */
        UNKNOWN,
        /** The thread is not registered. */
        NONE;

        String spelling() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * An owner.
     *
     * @param kind its kind
     * @param detail the owner, and the evidence
     */
    record Owner(Kind kind, String detail) {}

    private final LoadedObjects objects;
    private final LoadedObjects.@Nullable Claims libc;
    /** The distances of areas that are not libc's, and the number of such areas. */
    private final Set<Long> otherDistances = new HashSet<>();
    private final int others;

    /**
     * Creates the finder.
     *
     * @param objects the objects that the process has loaded
     * @param threads its threads
     */
    Owners(LoadedObjects objects, List<PtraceSession.Seen> threads) {
        this.objects = objects;
        LoadedObjects.Claims found = null;
        for (LoadedObjects.Claims claims : objects.claims()) {
            found = found == null && claims.isLibc() && claims.offset() != null ? claims : found;
        }
        this.libc = found;
        int count = 0;
        for (PtraceSession.Seen thread : threads) {
            Long distance = thread.distance();
            if (distance != null && !isOfLibc(distance)) {
                otherDistances.add(distance);
                count++;
            }
        }
        this.others = count;
    }

    private boolean isOfLibc(long distance) {
        return libc != null && libc.offset() != null && libc.offset() == distance;
    }

    /** Returns what the process's libc says about rseq, as text. */
    String libc() {
        if (libc == null) {
            return objects.isMusl() ? "musl: it registers no thread"
                    : objects.claims().stream().anyMatch(LoadedObjects.Claims::isLibc)
                    ? "without __rseq_offset: it registers no thread" : "none was found";
        }
        return "glibc: __rseq_offset " + libc.offset() + ", __rseq_size " + libc.size()
                + (registers() ? "" : ": it registers no thread (the tunable glibc.pthread.rseq, or the kernel's"
                + " refusal)");
    }

    private boolean registers() {
        return libc != null && libc.size() != null && libc.size() != 0;
    }

    /** Returns a thread's owner. */
    Owner of(PtraceSession.Seen thread) {
        Long distance = thread.distance();
        if (thread.registration().area() == 0) {
            return new Owner(Kind.NONE, registers()
                    ? "not registered: just created, about to end, or not created by glibc" : "not registered");
        }
        if (distance == null) {
            return new Owner(Kind.UNKNOWN, "it runs 32-bit code, whose thread pointer is not known");
        }
        if (isOfLibc(distance)) {
            return new Owner(Kind.LIBC, (registers() ? "glibc's area, registered by glibc"
                    : "glibc's dormant area, registered by another library: __rseq_size is 0") + alsoNamed(distance));
        }
        Owner symbol = symbol(distance);
        return symbol != null ? symbol : new Owner(Kind.UNKNOWN, "no loaded object names it" + place(thread)
                + (otherDistances.size() > 1 ? "; the distance from the thread pointer differs between threads"
                : others > 1 ? "; at the same distance in every thread, as a thread-local variable is" : ""));
    }

    /** Tells whether an object other than libc exports this distance. */
    private boolean isNamedBy(LoadedObjects.Claims claims, long distance) {
        return !claims.equals(libc) && claims.offset() != null && claims.offset() == distance;
    }

    private String alsoNamed(long distance) {
        List<String> names = new ArrayList<>();
        for (LoadedObjects.Claims claims : objects.claims()) {
            if (isNamedBy(claims, distance)) {
                names.add(claims.name());
            }
        }
        return names.isEmpty() ? "" : "; " + String.join(" and ", names) + " names it too";
    }

    private @Nullable Owner symbol(long distance) {
        List<String> proven = new ArrayList<>();
        List<String> possible = new ArrayList<>();
        for (LoadedObjects.Claims claims : objects.claims()) {
            boolean isNamed = isNamedBy(claims, distance);
            boolean isBound = claims.definesArea() && claims.areaOffset() != null && claims.areaOffset() == distance;
            if (isBound) {
                proven.add("__rseq_abi of " + claims.name() + ", which lies at this distance"
                        + (isNamed ? ", as its __rseq_offset says" : ""));
            } else if (isNamed) {
                proven.add((claims.definesArea() ? "__rseq_abi" : "the area") + " of " + claims.name()
                        + ", whose __rseq_offset is this distance");
            } else if (claims.definesArea() && claims.areaOffset() == null) {
                possible.add("__rseq_abi of " + claims.name() + ", by the same distance in every thread");
            }
        }
        if (!proven.isEmpty()) {
            return new Owner(Kind.SYMBOL, String.join("; ", proven));
        }
        return possible.isEmpty() || otherDistances.size() > 1 ? null
                : new Owner(Kind.SYMBOL, "probably " + String.join(" or ", possible));
    }

    private String place(PtraceSession.Seen thread) {
        String path = objects.at(thread.registration().area());
        return path.isEmpty() ? "" : "; it lies in " + path;
    }
}
