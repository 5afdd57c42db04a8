package io.github.rseq4j.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.percpu.PerCpuPool;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.RecyclerPool;

/** An application whose loader loads the pools, uses the shared one and is dropped, again and again. */
final class RedeployTest {
    private static final int COUNT = 6;

    private static URL place(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }

    private static Object call(Class<?> type, @Nullable Object on, String method, Object... arguments)
            throws ReflectiveOperationException {
        Class<?>[] types = arguments.length == 0 ? new Class<?>[0] : new Class<?>[] {type.getClassLoader().loadClass(
                BufferRecycler.class.getName())};
        return type.getMethod(method, types).invoke(on, arguments);
    }

    private static WeakReference<ClassLoader> deploy(boolean drops) throws Exception {
        URL[] urls = {place(PerCpuRecyclerPool.class), place(PerCpuPool.class), place(RecyclerPool.class)};
        try (URLClassLoader loader = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
            Class<?> type = loader.loadClass(PerCpuRecyclerPool.class.getName());
            Object pool = call(type, null, "shared");
            Object recycler = call(type, pool, "acquirePooled");
            if (!drops) {
                call(type, pool, "releasePooled", recycler);
                assertEquals(1, call(type, pool, "pooledCount"));
            }
            return new WeakReference<>(loader);
        }
    }

    @Test
    void theSharedPoolGoesWithItsLoader() throws Exception {
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        for (int i = 0; i < COUNT; i++) {
            loaders.add(deploy(i % 2 == 0));
        }
        // The last one's may still lie in this frame.
        for (int i = 0; i < 500 && loaders.stream().filter(each -> !each.refersTo(null)).count() > 1; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertTrue(loaders.stream().filter(each -> !each.refersTo(null)).count() <= 1, "loaders that stay");
        assertTrue(Thread.getAllStackTraces().keySet().stream().filter(each -> !before.contains(each))
                .noneMatch(each -> each.getName().contains("rseq4j")), "threads of ours that stay");
    }
}
