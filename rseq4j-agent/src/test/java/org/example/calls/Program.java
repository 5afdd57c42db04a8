package org.example.calls;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** A program with methods of every kind, which counts their calls itself. It prints what it computed, then counts. */
public final class Program {
    private static final Map<String, LongAdder> CALLS = new ConcurrentHashMap<>();
    private static final Object LOCK = new Object();
    private static long total;

    private Program() {}

    /** Runs the work as often as the argument says, prints the counts, and waits for a line. */
    public static void main(String[] arguments) throws Exception {
        int times = Integer.parseInt(arguments[0]);
        List<String> results = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            List<String> now = new Work(i % 3 == 0 ? "three" : null, i).all(i);
            if (i < 9) {
                results.addAll(now);
            }
        }
        results.add(threads(times));
        results.forEach(System.out::println);
        System.out.println("total " + total);
        System.out.println("counts " + counts());
        int _ = System.in.read();
    }

    /** Counts a call. */
    public static void called(String method) {
        CALLS.computeIfAbsent(method, _ -> new LongAdder()).increment();
    }

    static String counts() {
        return new TreeMap<>(CALLS).toString();
    }

    private static String threads(int times) throws Exception {
        List<Future<Long>> results = new ArrayList<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < times; i++) {
                int each = i;
                results.add(executor.submit(() -> Shape.of(each).area(each)));
            }
        }
        long sum = 0;
        for (Future<Long> result : results) {
            sum += result.get();
        }
        return "threads " + sum;
    }

    /** An interface with methods that have code. */
    public sealed interface Shape {
        /** Waits a moment, so that a virtual thread may migrate. */
        default long area(long scale) throws InterruptedException {
            called("Shape.area");
            Thread.sleep(1);
            return scale * side() * side();
        }

        int side();

        static Shape of(int side) {
            called("Shape.of");
            return side % 2 == 0 ? new Square(side) : new Unit();
        }
    }

    /** A record. */
    public record Square(int side) implements Shape {
        /** Counts. */
        public Square {
            called("Square.new");
            if (side < 0) {
                throw new IllegalArgumentException("side=" + side);
            }
        }
    }

    /** An enumeration's constant would be as good. */
    public static final class Unit implements Shape {
        @Override
        public int side() {
            called("Unit.side");
            return 1;
        }
    }

    /** A class whose constructor may fail before it calls another one. */
    public static class Base {
        private final long value;

        Base(long value) {
            called("Base.new");
            this.value = value;
        }

        long value() {
            called("Base.value");
            return value;
        }
    }

    /** The work. */
    public static final class Work extends Base {
        private final String text;

        Work(@Nullable String given, int number) {
            super(given == null ? new StringBuilder().append(number).length()
                    : Long.parseLong(new String("3")) + number);
            called("Work.new");
            this.text = given == null ? "none" : given;
        }

        Work(int number) {
            this(number > 1 ? new String("a") : null, check(number));
        }

        private static int check(int number) {
            called("Work.check");
            if (number < 0) {
                throw new IllegalStateException("number=" + number);
            }
            return number;
        }

        List<String> all(int i) {
            called("Work.all");
            List<String> results = new ArrayList<>();
            results.add(text + value() + mixed((byte) i, (short) i, 'c', i, i, i, i, i % 2 == 0, text, new int[i % 7]));
            results.add(String.valueOf(factorial(i % 20)) + nested(i) + locked(i) + switched(i % 6) + loop(i % 50));
            results.add(caught(i) + finallies(i) + lambda(i) + wide(i, i));
            results.add(failing(i) + take(new Loop(i)) + overflow(i));
            total += i;
            return results;
        }

        static String mixed(byte b, short s, char c, int i, long l, float f, double d, boolean z, String t,
                int... more) {
            called("Work.mixed");
            b++;
            l <<= 2;
            t = t + b;
            return "" + b + s + c + i + l + f + d + z + t + more.length;
        }

        static long factorial(long n) {
            called("Work.factorial");
            return n < 2 ? 1 : n * factorial(n - 1);
        }

        private int nested(int i) {
            called("Work.nested");
            try {
                try {
                    return deep(i);
                } catch (ArithmeticException e) {
                    throw new IllegalStateException(e);
                } finally {
                    total++;
                }
            } catch (IllegalStateException e) {
                return -1;
            }
        }

        private static int deep(int i) {
            called("Work.deep");
            return 100 / (i % 4);
        }

        synchronized long locked(int i) {
            called("Work.locked");
            synchronized (LOCK) {
                synchronized (this) {
                    if (i % 5 == 0) {
                        return i;
                    }
                    for (int k = 0; k < 3; k++) {
                        called("Work.locked$");
                    }
                }
                if (i % 7 == 0) {
                    return -i;
                }
            }
            return 2L * i;
        }

        static @Nullable Object switched(int i) {
            called("Work.switched");
            switch (i) {
                case 0 -> {
                    return "zero";
                }
                case 1 -> {
                    return 1;
                }
                case 2 -> {
                    return 2L;
                }
                case 3 -> {
                    return null;
                }
                default -> called("Work.switched$");
            }
            Object o = i == 4 ? new int[0] : (Object) "x";
            return o instanceof int[] array ? array.length : o;
        }

        static double loop(int n) {
            double sum = 0;
            called("Work.loop");
            while (true) {
                if (n-- <= 0) {
                    return sum;
                }
                for (int k = 0; k < n; k++) {
                    sum += k * 0.5;
                    if (sum > 100) {
                        break;
                    }
                }
            }
        }

        static String caught(int i) {
            called("Work.caught");
            try {
                new Work(i % 4 == 0 ? -1 : i);
                return "made";
            } catch (IllegalStateException e) {
                return e.getMessage() + e.getStackTrace()[0].getMethodName() + e.getStackTrace()[0].getLineNumber()
                        + e.getStackTrace()[1].getMethodName() + e.getStackTrace().length;
            }
        }

        @SuppressWarnings("finally")
        static int finallies(int i) {
            called("Work.finallies");
            try {
                if (i % 3 == 0) {
                    throw new IllegalArgumentException();
                }
                return i;
            } finally {
                if (i % 3 == 0) {
                    return -7;
                }
                total++;
            }
        }

        static long lambda(int i) {
            called("Work.lambda");
            LongUnaryOperator twice = x -> {
                called("Work.lambda$");
                return 2 * x;
            };
            IntSupplier self = () -> i;
            return twice.andThen(twice).applyAsLong(self.getAsInt());
        }

        static long wide(long a, double b) {
            called("Work.wide");
            long c = a;
            double d = b;
            {
                long e = c + 1;
                d += e;
            }
            {
                String f = "f";
                c += f.length();
            }
            return c + (long) d;
        }

        /** A value whose text takes the value. */
        private record Loop(int number) {
            @Override
            public String toString() {
                return number + " " + take(this);
            }
        }

        private static long take(Object value) {
            return value instanceof Loop loop ? loop.number() : -1;
        }

        private static String overflow(int i) {
            if (i != 7) {
                return "";
            }
            try {
                return String.valueOf(endless(i));
            } catch (StackOverflowError e) {
                return "overflow";
            }
        }

        private static long endless(long n) {
            return n < 0 ? 0 : 1 + endless(n + 1);
        }

        static String failing(int i) {
            try {
                thrower(i);
                return "no";
            } catch (Exception e) {
                return e.toString();
            }
        }

        static void thrower(int i) throws Exception {
            called("Work.thrower");
            switch (i % 4) {
                case 0 -> throw new Exception("checked " + i);
                case 1 -> throw new UnsupportedOperationException("unchecked " + i);
                default -> total--;
            }
        }
    }
}
