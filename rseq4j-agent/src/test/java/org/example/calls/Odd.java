package org.example.calls;

import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.lang.reflect.AccessibleObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A program with code that agents break easily. It counts its calls as {@link Program} does, and prints the same. */
public final class Odd {
    private static final int DEEP = 1000;

    private Odd() {}

    /** Runs the work as often as the argument says, prints the counts, and waits until the standard input ends. */
    public static void main(String[] arguments) throws Exception {
        int times = Integer.parseInt(arguments[0]);
        List<String> results = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            List<String> now = List.of(Level.of(i).speak(i), built(i), Finals.nested(i), Finals.returning(i),
                    "" + Deep.down(i % 7 == 0 ? DEEP : 10), Traces.lines(i),
                    new Point(i, 2).toString() + new Point(i, 3).hashCode());
            if (i < 9) {
                results.addAll(now);
            }
        }
        results.addAll(Traces.reflected());
        results.add("uid " + ObjectStreamClass.lookup(Plain.class).getSerialVersionUID() + " " + new Plain().sum(3));
        results.addAll(Loaded.all(times));
        results.forEach(System.out::println);
        System.out.println("counts " + Program.counts());
        while (System.in.read() >= 0) {
            // Goes on to the end.
        }
    }

    private static String built(int i) {
        StringBuilder text = new StringBuilder();
        for (IntFunction<Top> way : List.<IntFunction<Top>>of(Sub::new, n -> new Sub(n, "" + n), n -> new Sub(n, "x"),
                n -> new Sub(Top.check(n)))) {
            try {
                text.append(way.apply(i).value).append(' ');
            } catch (IllegalArgumentException e) {
                text.append(e.getMessage()).append(e.getStackTrace().length).append(e.getStackTrace()[0]).append(' ');
            }
        }
        return text.toString();
    }

    /** An interface with methods of all kinds. */
    public interface Speaker {
        /** Has code. */
        default String speak(int i) {
            Program.called("Speaker.speak");
            return word(i) + same(i);
        }

        private String word(int i) {
            Program.called("Speaker.word");
            return this + "" + i;
        }

        static String same(int i) {
            Program.called("Speaker.same");
            return "=" + i;
        }
    }

    /** An enum, one of whose constants has a body. */
    public enum Level implements Speaker {
        /** A constant. */
        LOW,
        /** A constant with a class of its own. */
        HIGH {
            @Override
            public String speak(int i) {
                Program.called("1.speak");
                return "high " + super.speak(i);
            }
        };

        static Level of(int i) {
            Program.called("Level.of");
            return switch (i % 2) {
                case 0 -> LOW;
                default -> valueOf("HIGH");
            };
        }
    }

    /** A record. */
    public record Point(int x, int y) {
        /** Has an accessor of its own. */
        @Override
        public int x() {
            Program.called("Point.x");
            return -x;
        }

        @Override
        public String toString() {
            Program.called("Point.toString");
            return x() + "/" + y();
        }
    }

    /** A class whose serialVersionUID is computed. */
    @SuppressWarnings("serial")
    public static class Plain implements Serializable {
        private int first = 1;
        protected String second = "two";

        int sum(int third) {
            Program.called("Plain.sum");
            IntFunction<Integer> add = n -> n + first + second.length();
            return add.apply(third);
        }
    }

    /** A class whose constructor throws for every third number. */
    public static class Top {
        private final int value;

        Top(int value) {
            Program.called("Top.new");
            if (value % 3 == 0) {
                throw new IllegalArgumentException("value=" + value);
            }
            this.value = value;
        }

        static int check(int value) {
            Program.called("Top.check");
            if (value % 5 == 0) {
                throw new IllegalArgumentException("five=" + value);
            }
            return value;
        }
    }

    /** Constructors that do much before they call another one. */
    public static final class Sub extends Top {
        Sub(int value) {
            super(value);
            Program.called("Sub.new");
        }

        Sub(int value, String text) {
            int parsed;
            try {
                parsed = Integer.parseInt(text);
                for (StringBuilder all = new StringBuilder(text); all.length() < 5; all.append('.')) {
                    parsed++;
                }
            } catch (NumberFormatException e) {
                if (value > 100) {
                    throw new IllegalArgumentException(new String("text") + text);
                }
                parsed = value > 7 ? new String("abc").length() + 1 : value;
            } finally {
                Program.called("Sub.finally$");
            }
            super(parsed);
            Program.called("Sub.new");
        }
    }

    /** Ends of methods that replace other ends. */
    static final class Finals {
        private Finals() {}

        static String nested(int i) {
            Program.called("Finals.nested");
            try {
                inner(i);
                return "none";
            } catch (IllegalStateException e) {
                return e.getMessage() + e.getStackTrace()[0].getLineNumber();
            }
        }

        @SuppressWarnings("finally")
        private static void inner(int i) {
            Program.called("Finals.inner");
            try {
                try {
                    throw new IllegalStateException("first");
                } finally {
                    try {
                        if (i % 2 == 0) {
                            throw new IllegalStateException("second");
                        }
                    } finally {
                        if (i % 3 == 0) {
                            throw new IllegalStateException("third");
                        }
                    }
                }
            } finally {
                if (i % 5 == 0) {
                    throw new IllegalStateException("fourth");
                }
            }
        }

        @SuppressWarnings("finally")
        static String returning(int i) {
            Program.called("Finals.returning");
            for (int k = 0; k < 3; k++) {
                try {
                    if (k + i % 3 > 1) {
                        return "one" + k;
                    }
                    throw new IllegalStateException();
                } catch (IllegalStateException e) {
                    if (i % 4 == 0) {
                        return "two" + k;
                    }
                } finally {
                    if (i % 2 == 0) {
                        continue;
                    }
                    if (k == 2) {
                        return "three";
                    }
                }
            }
            return "end";
        }
    }

    /** Recursion. */
    static final class Deep {
        private Deep() {}

        static long down(int n) {
            Program.called("Deep.down");
            return n <= 1 ? 1 : 1 + down(n - 1);
        }
    }

    /** Stack traces and what reflection shows. */
    static final class Traces {
        private Traces() {}

        static String lines(int i) {
            Program.called("Traces.lines");
            IntFunction<String> later = n -> {
                String walked = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
                        .walk(all -> all.map(each -> each.getMethodName() + each.getLineNumber()).toList()).toString();
                return Arrays.toString(new Throwable().getStackTrace()) + walked;
            };
            return i % 2 == 0 ? later.apply(i)
                    : Stream.of(i).map(later::apply)
                            .collect(Collectors.joining());
        }

        static List<String> reflected() {
            List<String> lines = new ArrayList<>();
            for (Class<?> each : List.of(Speaker.class, Level.class, Point.class, Plain.class, Top.class, Sub.class)) {
                lines.add(sorted(each.getMethods()) + sorted(each.getDeclaredMethods())
                        + sorted(each.getDeclaredConstructors()) + Arrays.toString(each.getDeclaredFields())
                        + Arrays.toString(each.getRecordComponents()) + Arrays.toString(each.getDeclaredClasses())
                        + each.toGenericString() + Arrays.toString(each.getAnnotations()));
            }
            return lines;
        }

        private static String sorted(AccessibleObject[] all) {
            return Arrays.stream(all).map(Object::toString).sorted(Comparator.naturalOrder()).toList().toString();
        }
    }
}
