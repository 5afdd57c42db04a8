package io.github.rseq4j.bench.agent;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;

/** A program with many classes, to which an agent attaches. Its thread measures the longest pause. */
public final class ManyClasses {
    /** The package of the classes that are traced. */
    public static final String TRACED = "many.traced";
    /** The number of methods that are traced. */
    public static final int METHODS = 2000;
    private static final int METHODS_EACH = 4;
    private static final int CLASSES = METHODS / METHODS_EACH;
    private static final int ALL_CLASSES = 20_000;

    private ManyClasses() {}

    /**
     * Reads commands and answers each in a line: {@code reset} forgets the longest pause, {@code pause} returns it,
     * {@code timing} starts JFR's method timing of the classes and returns how long that took; both in nanoseconds. It
     * ends with its input.
     *
     * @param arguments a folder
     * @throws Exception if anything fails
     */
    public static void main(String[] arguments) throws Exception {
        Made made = new Made();
        LongUnaryOperator traced = (LongUnaryOperator) made.define(name(0)).getConstructor().newInstance();
        for (int i = 1; i < ALL_CLASSES; i++) {
            Class<?> _ = made.define(name(i));
        }
        Ticker ticker = new Ticker(traced);
        ticker.setDaemon(true);
        ticker.start();
        List<String> names = IntStream.range(0, CLASSES).mapToObj(ManyClasses::name).toList();
        System.out.println("ready");
        Peers peer = new Peers();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            long start = System.nanoTime();
            if (command.equals("timing")) {
                peer.close();
                peer = Peers.start(command, names, Path.of(arguments[0]));
            }
            System.out.println(command.equals("timing") ? System.nanoTime() - start
                    : command.equals("pause") ? ticker.longest() : ticker.reset());
        }
        peer.close();
    }

    private static String name(int number) {
        return (number < CLASSES ? TRACED : "many.other") + ".C" + number;
    }

    /** Calls a traced method all the time, and measures the longest time between two calls. */
    private static final class Ticker extends Thread {
        private final LongUnaryOperator traced;
        private volatile long longest;
        private volatile boolean isReset;

        Ticker(LongUnaryOperator traced) {
            super("ticker");
            this.traced = traced;
        }

        @Override
        public void run() {
            long last = System.nanoTime();
            for (long i = 0; traced.applyAsLong(i) == i; i++) {
                long now = System.nanoTime();
                if (isReset) {
                    longest = 0;
                    isReset = false;
                }
                if (now - last > longest) {
                    longest = now - last;
                }
                last = now;
            }
        }

        long longest() {
            return longest;
        }

        long reset() throws InterruptedException {
            isReset = true;
            while (isReset) {
                Thread.sleep(1);
            }
            return 0;
        }
    }

    /** The loader of the classes, which implement {@link LongUnaryOperator} and have some methods more. */
    private static final class Made extends ClassLoader {
        private static final MethodTypeDesc TYPE = MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long);

        Made() {
            super(ManyClasses.class.getClassLoader());
        }

        Class<?> define(String name) {
            byte[] bytes = ClassFile.of().build(ClassDesc.of(name), type -> {
                type.withInterfaceSymbols(ClassDesc.of(LongUnaryOperator.class.getName()));
                type.withMethodBody(ConstantDescs.INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC,
                        code -> code.aload(0).invokespecial(ConstantDescs.CD_Object, ConstantDescs.INIT_NAME,
                                ConstantDescs.MTD_void).return_());
                for (int i = 0; i < METHODS_EACH; i++) {
                    type.withMethodBody(i == 0 ? "applyAsLong" : "method" + i, TYPE, ClassFile.ACC_PUBLIC,
                            code -> code.lload(1).lreturn());
                }
            });
            return defineClass(name, bytes, 0, bytes.length);
        }
    }
}
