package io.github.rseq4j.engine;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.registration.Company;
import io.github.rseq4j.registration.Registration;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The thread that chooses this JVM's engine, and that initialises classes which hold functions of sections. */
final class Choice extends Thread {
    /* How it works
     *
     * A class whose initialiser fails is lost for the life of the JVM, the JDK's own classes too. So initialisers run
     * where they do not fail: on a new thread, whose stack is empty, after an allocation has shown that there is
     * memory. The caller waits for this thread. The caller's stack, interrupt, scheduling and affinity do not influence
     * the choice.
     *
     * The initialisers of this class and of Made run on the caller's stack. They call no method, and a stack can
     * overflow only where a method is called. Made is initialised after the choice; it turns the choice into a
     * constant.
     *
     * A choice ends with an engine: a Throwable on the way to restartable sequences becomes the fallback's reason.
     * Where even the fallback cannot be made, the caller gets the Throwable, and the next caller starts a new choice.
     * The next caller also starts a new choice where the stack of the first caller overflowed while it started the
     * thread or waited. Of two choices the first one to be published counts.
     *
     * The waiting caller checks the registration of its own thread: another library may have registered an area of its
     * own there.
     *
     * Refused: a second choice after a failure that may have been temporary. Structures of two engines would not work
     * together.
     */
    /** Engine, prepared classes, handle of the area's fields; written once, under its monitor. */
    private static final @Nullable Object[] MADE = new Object[3];
    /** The monitor under which callers start a choice. */
    private static final byte[] MAKING = new byte[0];
    private static final int HEADROOM_BYTES = 1 << 20;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int CHOSEN = 1;
    private static final int ENDED = 2;

    private final Class<?>[] classes;
    private @Nullable BooleanSupplier question;
    private boolean answer;
    private boolean isWaitedFor = true;
    private volatile @Nullable Throwable thrown;
    private int reached;

    private Choice(Class<?>... classes) {
        super(null, null, "rseq4j-engine", 0, false);
        this.classes = classes;
        setDaemon(true);
    }

    /** The choice, as constants. */
    @SuppressWarnings("NullAway") // A check is a call, see above; each user has called isMade() before.
    static final class Made {
        static final Engine ENGINE;
        static final Set<Class<?>> PREPARED;
        static final @Nullable MethodHandle AREA_FIELD;

        static {
            synchronized (MADE) {
                ENGINE = (Engine) MADE[0];
                @SuppressWarnings("unchecked")
                Set<Class<?>> prepared = (Set<Class<?>>) MADE[1];
                PREPARED = prepared;
                AREA_FIELD = (MethodHandle) MADE[2];
            }
        }

        private Made() {}
    }

    /** Tells whether the engine is chosen; {@link Made} may then be used. */
    static boolean isMade() {
        return MADE[0] != null;
    }

    /**
     * Chooses the engine, unless that was done, and initialises classes, unless that was done.
     *
     * @param classes the classes
     */
    static void make(Class<?>... classes) {
        Choice choice = new Choice(classes);
        if (Thread.currentThread() instanceof Choice) {
            choice.initialize();
            return;
        }
        boolean hasThread = true;
        // An initialiser may wait for the choice, so the caller waits for initialisers outside the monitor.
        synchronized (MAKING) {
            try {
                choice.start();
            } catch (OutOfMemoryError e) {
                hasThread = false;
                withoutThread(e);
            }
            if (hasThread) {
                choice.await(CHOSEN);
            }
        }
        if (hasThread) {
            choice.await(ENDED);
        } else {
            choice.initialize();
        }
        Throwable t = choice.thrown;
        if (t != null) {
            throw Native.rethrown(t);
        }
        registerCaller();
    }

    /** Registers the caller. The constructor of the provider image registers only the thread that loads the image. */
    private static void registerCaller() {
        try {
            if (isMade()) {
                Made.ENGINE.join();
            }
        } catch (Throwable _) {
            // The thread's first section registers it.
        }
    }

    /**
     * Chooses the fallback: without a thread there is no self-test. The caller's thread then initialises the classes.
     */
    private static void withoutThread(OutOfMemoryError refusal) {
        if (!isMade()) {
            Registration given = given();
            publish(new FallbackEngine(given != null ? given : failed(refusal), SelfTest.Outcome.NOT_RUN));
        }
    }

    private void await(int phase) {
        boolean interrupted = false;
        synchronized (this) {
            try {
                while (reached < phase) {
                    answer();
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
            } finally {
                isWaitedFor = reached >= phase;
                notifyAll();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void answer() {
        BooleanSupplier asked = question;
        if (asked != null) {
            answer = asked.getAsBoolean();
            question = null;
            notifyAll();
        }
    }

    /** Asks whether the thread that waits for the choice has an area. No lambda, as it would cost a millisecond. */
    private final class Asking implements BooleanSupplier {
        @Override
        public boolean getAsBoolean() {
            return ask(Company::hasTakenThisThread);
        }
    }

    /**
     * Asks on the thread that waits for the choice. If that thread has left because of a Throwable, the answer is no.
     */
    private synchronized boolean ask(BooleanSupplier asked) {
        question = asked;
        notifyAll();
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (question != null && isWaitedFor && System.nanoTime() < end) {
            try {
                TimeUnit.NANOSECONDS.timedWait(this, end - System.nanoTime());
            } catch (InterruptedException e) {
                break;
            }
        }
        return answer;
    }

    private synchronized void reach(int phase) {
        reached = phase;
        notifyAll();
    }

    @Override
    public void run() {
        try {
            if (!isMade()) {
                publish(choose());
            }
            reach(CHOSEN);
            initialize();
        } catch (Throwable t) {
            thrown = t;
        } finally {
            reach(ENDED);
        }
    }

    private static void publish(Engine engine) {
        Object prepared = ConcurrentHashMap.<Class<?>>newKeySet();
        synchronized (MADE) {
            if (MADE[0] == null) {
                MADE[1] = prepared;
                MADE[2] = engine.areaFieldHandle();
                MADE[0] = engine;
            }
        }
    }

    private void initialize() {
        requireHeadroom();
        try {
            for (Class<?> each : classes) {
                Class.forName(each.getName(), true, each.getClassLoader());
                Made.PREPARED.add(each);
            }
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Throws OutOfMemoryError here, and not in an initialiser, if memory is short. */
    private static void requireHeadroom() {
        if (new byte[HEADROOM_BYTES].length != HEADROOM_BYTES) {
            throw new IllegalStateException("bytes=" + HEADROOM_BYTES);
        }
    }

    private Engine choose() {
        Registration given = given();
        if (given != null) {
            return new FallbackEngine(given, SelfTest.Outcome.NOT_RUN);
        }
        Registration failed;
        try {
            requireHeadroom();
            failed = foreign();
            if (failed == null) {
                // The threads of the test start before the first native call is linked: see SelfTest.
                try (SelfTest test = new SelfTest()) {
                    failed = denied();
                    if (failed == null) {
                        test.awaitRehearsal();
                        return NativeEngine.open(test,
                                System.getProperty(Engine.REGISTRATION_PROPERTY, "auto").equals("libc"), new Asking());
                    }
                }
            }
        } catch (Throwable t) {
            failed = failed(t);
        }
        return new FallbackEngine(failed, SelfTest.Outcome.NOT_RUN);
    }

    /** Returns the record of a failed choice. The remedy depends on the kind of failure. */
    static Registration failed(Throwable t) {
        if (t instanceof KernelException e) {
            String call = e.call().substring(0, Math.max(0, e.call().indexOf('(')));
            boolean isMemory = call.equals("mmap") || call.equals("mprotect");
            return Registration.none("the kernel refused " + (isMemory ? "memory: " : "a call: ") + e.getMessage(),
                    isMemory ? "allow mmap(2) and mprotect(2) of executable memory, and raise the address space's limit"
                            : "allow " + call + "(2) in the seccomp filter");
        }
        if (t instanceof OutOfMemoryError) {
            boolean isThread = String.valueOf(t.getMessage()).contains("thread");
            return Registration.none((isThread ? "no thread could be started for the self-test: "
                            : "no memory was left for choosing the engine: ") + t,
                    isThread ? "raise the limit of threads (ulimit -u, pids.max of the cgroup), or use the library "
                            + "before the limit is reached, and on another thread than one of SCHED_DEADLINE without "
                            + "SCHED_RESET_ON_FORK, which may start none"
                            : "raise -Xmx or -XX:MaxMetaspaceSize, or use the library before memory is short");
        }
        return Registration.none("choosing the engine failed: " + t, "report this, with the JVM's name and version");
    }

    /** Returns the record of a choice that the property decides, or null if the property leaves it open. */
    private static @Nullable Registration given() {
        String property = System.getProperty(Engine.REGISTRATION_PROPERTY, "auto");
        return switch (property) {
            case "auto", "libc" -> null;
            case "never" -> Registration.none("switched off by -D" + Engine.REGISTRATION_PROPERTY + "=never",
                    "remove the property");
            default -> Registration.none(Engine.REGISTRATION_PROPERTY + "=" + property
                    + " is not auto, libc or never", "correct the property");
        };
    }

    private static @Nullable Registration foreign() {
        String system = System.getProperty("os.name", "unknown");
        if (!system.toLowerCase(Locale.ROOT).equals("linux")) {
            return Registration.none("not Linux but " + system, "run on Linux");
        }
        if (Architecture.host() == null) {
            return Registration.none("not this architecture: " + Architecture.hostName(),
                    "run on one of " + Arrays.toString(Architecture.values()));
        }
        return null;
    }

    private static @Nullable Registration denied() {
        Throwable refusal = Native.refusal();
        if (refusal != null) {
            String module = Engine.class.getModule().isNamed() ? Engine.class.getModule().getName() : "ALL-UNNAMED";
            return Registration.none("native access is denied: " + refusal.getMessage(),
                    "start java with --enable-native-access=" + module);
        }
        return null;
    }
}
