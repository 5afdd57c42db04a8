package io.github.rseq4j.trace.ring;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.trace.common.TraceTime;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;

/**
 * The functions of the rings as constants. Each is linked at its first use. No function has a parameter for the time:
 * if the section takes the time as an argument, the handle reads the clock.
 */
public final class RingFunctions {
    private RingFunctions() {}

    /**
     * Emits the functions of events, before their holders are initialised. If the kernel refused memory for a function
     * in an initialiser, the function would be run step by step forever, on the copy of threads without an index, which
     * has no ring.
     *
     * @param isOrdered whether times are ordered across CPUs
     * @throws io.github.rseq4j.KernelException when the kernel refuses executable memory; the caller may try again
     */
    public static void require(boolean isOrdered) {
        // The initialisers of these two need more stack than the caller may have.
        Engine engine = Engine.get(TraceTime.class, TraceRing.class);
        TraceTime.require();
        List<Chain> chains = new ArrayList<>(List.of(TraceRing.DISCARD));
        if (TraceTime.isGiven()) {
            chains.addAll(TraceRing.TIMED_EVENTS);
            chains.addAll(List.of(TraceRing.TIMED_COPY, TraceRing.TIMED_FULL, TraceRing.TIMED_SWITCH));
        } else {
            chains.addAll(TraceRing.EVENTS);
            chains.addAll(List.of(TraceRing.COPY, TraceRing.FULL, TraceRing.SWITCH));
            chains.addAll(isOrdered ? List.of() : TraceRing.UNORDERED_EVENTS);
            chains.addAll(isOrdered ? List.of() : List.of(TraceRing.UNORDERED_COPY));
        }
        engine.admit(chains);
        engine.emit(chains);
    }

    /** Returns the holder classes whose functions events call. */
    static Class<?>[] holders(boolean isOrdered) {
        return isOrdered ? new Class<?>[] {Seldom.class, One.class, Two.class, Four.class, Eight.class, Copy.class,
                    Full.class}
                : new Class<?>[] {Seldom.class, One.class, Two.class, Four.class, Eight.class, Copy.class,
                    Full.class, Unordered.class};
    }

    /** Events of up to one word. */
    static final class One {
        static final Chain CHAIN = event(0);
        static final MethodHandle RECORD = linked(CHAIN, Engine.get().handle(CHAIN));
    }

    /** Events of two words. */
    static final class Two {
        static final Chain CHAIN = event(1);
        static final MethodHandle RECORD = linked(CHAIN, Engine.get().handle(CHAIN));
    }

    /** Events of three and four words. */
    static final class Four {
        static final Chain CHAIN = event(2);
        static final MethodHandle RECORD = linked(CHAIN, Engine.get().handle(CHAIN));
    }

    /** Events of five to eight words. */
    static final class Eight {
        static final Chain CHAIN = event(3);
        static final MethodHandle RECORD = linked(CHAIN, Engine.get().handle(CHAIN));
    }

    /** Events whose fields are copied. */
    static final class Copy {
        static final int SEGMENT = 3;
        static final Chain CHAIN = TraceTime.isGiven() ? TraceRing.TIMED_COPY : TraceRing.COPY;
        static final MethodHandle RECORD = linked(CHAIN, Engine.get().handle(CHAIN, SEGMENT));
    }

    /** Events that need a full header. */
    static final class Full {
        static final int SEGMENT = 4;
        static final Chain CHAIN = TraceTime.isGiven() ? TraceRing.TIMED_FULL : TraceRing.FULL;
        static final MethodHandle RECORD = linked(CHAIN, Engine.get().handle(CHAIN, SEGMENT));
    }

    /** The functions that run once for each sub-buffer, or when a ring is full. */
    static final class Seldom {
        static final Chain SWITCH_CHAIN = TraceTime.isGiven() ? TraceRing.TIMED_SWITCH : TraceRing.SWITCH;
        static final MethodHandle SWITCH = linked(SWITCH_CHAIN, Engine.get().handle(SWITCH_CHAIN));
        static final MethodHandle DISCARD = Engine.get().handle(TraceRing.DISCARD);
    }

    /**
     * The functions of tracers whose times are not ordered across CPUs. An event that is not recorded at once is
     * completed by the chains of ordered tracers.
     */
    static final class Unordered {
        static final MethodHandle ONE = unordered(0);
        static final MethodHandle TWO = unordered(1);
        static final MethodHandle FOUR = unordered(2);
        static final MethodHandle EIGHT = unordered(3);
        static final MethodHandle COPY = TraceTime.isGiven() ? Copy.RECORD
                : Engine.get().handle(TraceRing.UNORDERED_COPY, Copy.SEGMENT);
    }

    private static MethodHandle unordered(int which) {
        Chain chain = TraceTime.isGiven() ? event(which) : TraceRing.UNORDERED_EVENTS.get(which);
        return linked(chain, Engine.get().handle(chain));
    }

    private static Chain event(int which) {
        return (TraceTime.isGiven() ? TraceRing.TIMED_EVENTS : TraceRing.EVENTS).get(which);
    }

    private static MethodHandle linked(Chain chain, MethodHandle function) {
        return TraceTime.isGiven()
                ? MethodHandles.collectArguments(function, chain.arguments() - 1, TraceTime.nanoTime()) : function;
    }
}
