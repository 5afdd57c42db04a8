package io.github.rseq4j.agent.site;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.invoke.CallSite;
import java.lang.invoke.MethodType;
import java.lang.ref.WeakReference;
import org.junit.jupiter.api.Test;

/** A site keeps the call sites of its method no longer than the JVM does. */
final class SiteTest {
    private static final MethodType EXIT = MethodType.methodType(void.class, long.class);
    private static final int TRIES = 50;

    /** Each transformation of a class links new call sites. */
    @Test
    void keepsNoCallSiteOfCodeThatIsGone() throws Throwable {
        Site site = new Site();
        CallSite kept = site.link("exit", EXIT);
        kept.dynamicInvoker().invokeExact(0L);
        WeakReference<CallSite> dropped = new WeakReference<>(site.link("exit", EXIT));
        for (int i = 0; i < TRIES && dropped.get() != null; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertNull(dropped.get());
        site.set(() -> Recorder.OFF);
        assertSame(EXIT, kept.type());
        kept.dynamicInvoker().invokeExact(0L);
    }
}
