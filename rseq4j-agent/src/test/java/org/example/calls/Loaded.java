package org.example.calls;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Classes of loaders of the program's own, hidden classes, and classes with huge methods. */
final class Loaded {
    private static final int THREADS = 8;
    private static final int NOP_BYTES = 3;

    private Loaded() {}

    /** Runs in each loader, several times, and in a hidden class. */
    static final class Cargo {
        /** Works. */
        public static int work(int i) {
            Program.called("Cargo.work");
            return Inner.twice(i) + 1;
        }

        /** Loaded by whichever thread comes first. */
        static final class Inner {
            private Inner() {}

            static int twice(int i) {
                Program.called("Inner.twice");
                return 2 * i;
            }
        }

        private Cargo() {}
    }

    /** Becomes a hidden class. */
    static final class Ghost {
        private Ghost() {}

        /** Works. */
        public static int work(int i) {
            Program.called("Ghost.work$");
            return i - 1;
        }
    }

    /** Loads classes of this package itself, but for those that count. */
    private static final class Loader extends ClassLoader {
        static {
            registerAsParallelCapable();
        }

        Loader() {
            super(Loaded.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(Cargo.class.getName())) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> found = findLoadedClass(name);
                byte[] bytes = bytes(name);
                return found == null ? defineClass(name, bytes, 0, bytes.length) : found;
            }
        }

        Class<?> define(byte[] bytes) {
            return defineClass(null, bytes, 0, bytes.length);
        }
    }

    private static byte[] bytes(String name) {
        try (InputStream in = Loaded.class.getResourceAsStream(name.substring(name.lastIndexOf('.') + 1) + ".class")) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int call(Class<?> type, String method, int i) throws ReflectiveOperationException {
        var found = type.getDeclaredMethod(method, int.class);
        found.setAccessible(true);
        return (int) found.invoke(null, i);
    }

    static List<String> all(int times) throws Exception {
        List<String> results = new ArrayList<>(List.of(byLoaders(times), huge()));
        MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClass(bytes(Ghost.class.getName()), true);
        results.add("hidden " + hidden.lookupClass().isHidden() + call(hidden.lookupClass(), "work", times));
        return results;
    }

    /** Several threads use each loader at once. */
    private static String byLoaders(int times) throws Exception {
        long sum = 0;
        try (ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                Loader loader = new Loader();
                for (int k = 0; k < THREADS; k++) {
                    int each = i + k;
                    all.add(executor.submit(() -> call(loader.loadClass(Cargo.class.getName()), "work", each)));
                }
            }
            for (Future<Integer> each : all) {
                sum += each.get();
            }
        }
        return "loaders " + sum;
    }

    /** Methods up to the limit of 64 KB, whose jumps are as long as a jump can be. */
    private static String huge() throws ReflectiveOperationException {
        StringBuilder text = new StringBuilder("huge");
        for (int bytes : new int[] {7900, 7990, 30_000, 60_000, 64_000, 65_400}) {
            byte[] made = ClassFile.of().build(ClassDesc.of("org.example.calls.Huge" + bytes), type -> type
                    .withMethodBody("run", MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int),
                            ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC, code -> {
                                Label loop = code.newBoundLabel();
                                Label end = code.newLabel();
                                code.iload(0).ifle(end);
                                for (int i = 0; i < bytes / NOP_BYTES - 8; i++) {
                                    code.iinc(0, i % 2 == 0 ? -1 : 1);
                                }
                                code.iinc(0, -1).goto_(loop).labelBinding(end).iload(0).ireturn();
                            }));
            text.append(' ').append(call(new Loader().define(made), "run", 3));
        }
        return text.toString();
    }
}
