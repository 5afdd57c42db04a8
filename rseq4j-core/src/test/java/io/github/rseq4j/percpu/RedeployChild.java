package io.github.rseq4j.percpu;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Loads an application, uses it and drops it, repeatedly, and prints what remains. */
public final class RedeployChild {
    private static final int MAX_COLLECTIONS = 100;
    /** The last loader, and one that the JDK remembers. */
    private static final int NEWEST = 2;

    private RedeployChild() {}

    /**
     * Runs the child.
     *
     * @param arguments the guest's class, how many times it is loaded, and the class path
     * @throws Exception when a guest fails
     */
    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[1]);
        URL[] urls = urls(arguments[2]);
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            loaders.add(deploy(urls, arguments[0]));
            if (i == count / 3 || i == count - 1) {
                collect(loaders);
                String when = i == count - 1 ? "last" : "first";
                System.out.println(when + ".loaders=" + alive(loaders));
                System.out.println(when + ".threads=" + Thread.getAllStackTraces().size());
                System.out.println(when + ".descriptors=" + count(Path.of("/proc/self/fd")));
                System.out.println(when + ".mappings=" + Files.readAllLines(Path.of("/proc/self/maps")).size());
                System.out.println(when + ".rssKib=" + rssKib());
            }
        }
        System.out.println("ended=true");
    }

    /** A loader's memory waits for threads of the JDK, which may not get a CPU at once. */
    private static void collect(List<WeakReference<ClassLoader>> loaders) throws InterruptedException {
        for (int i = 0; i < MAX_COLLECTIONS && (i < 2 || alive(loaders) > NEWEST); i++) {
            System.gc();
            Thread.sleep(50);
        }
    }

    private static long alive(List<WeakReference<ClassLoader>> loaders) {
        return loaders.stream().filter(each -> !each.refersTo(null)).count();
    }

    private static URL[] urls(String path) throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        for (String each : path.split(":", -1)) {
            urls.add(Path.of(each).toUri().toURL());
        }
        return urls.toArray(URL[]::new);
    }

    private static WeakReference<ClassLoader> deploy(URL[] urls, String guest) throws Exception {
        // Its parent does not know the library, so the loader loads all of it, like an application server's loader.
        try (URLClassLoader loader = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
            ((Runnable) loader.loadClass(guest).getConstructor().newInstance()).run();
            return new WeakReference<>(loader);
        }
    }

    private static long count(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.count();
        }
    }

    private static long rssKib() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElse(0);
    }
}
