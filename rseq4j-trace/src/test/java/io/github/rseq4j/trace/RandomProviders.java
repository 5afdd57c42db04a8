package io.github.rseq4j.trace;

import static java.lang.constant.ConstantDescs.CD_void;

import io.github.rseq4j.trace.ctf.Truncated;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Makes random providers, and random values for their events. */
final class RandomProviders {
    static final List<Class<?>> TYPES = List.of(boolean.class, byte.class, short.class, char.class, int.class,
            long.class, float.class, double.class, String.class, byte[].class, TimeUnit.class);
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final long[] LONGS = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 0x80, 0x8000, 0x8000_0000L,
        0x5555_5555_5555_5555L};
    private static final double[] DOUBLES = {0, -0.0, 1.5, Double.NaN, Double.MIN_VALUE, Double.NEGATIVE_INFINITY};
    private static final String[] PIECES = {"a", "xyz ", "\u007f", "\0", "\u00e9", "\u07ff", "\u0800", "\uffff",
        "\ud83d\ude00", "\udbff\udfff", "\ud800", "\udc00"};

    private final Random random;

    RandomProviders(Random random) {
        this.random = random;
    }

    /**
     * Makes an interface of this package, with methods called {@code m0} and so on.
     *
     * @param methods the types of their parameters
     */
    static Class<?> define(List<List<Class<?>>> methods) {
        String name = RandomProviders.class.getPackageName() + ".Made" + NUMBER.getAndIncrement();
        byte[] bytes = ClassFile.of().build(ClassDesc.of(name), c -> {
            c.withFlags(ClassFile.ACC_INTERFACE | ClassFile.ACC_ABSTRACT);
            for (int i = 0; i < methods.size(); i++) {
                ClassDesc[] types = methods.get(i).stream().map(type -> type.describeConstable().orElseThrow())
                        .toArray(ClassDesc[]::new);
                c.withMethod("m" + i, MethodTypeDesc.of(CD_void, types),
                        ClassFile.ACC_PUBLIC | ClassFile.ACC_ABSTRACT, _ -> {});
            }
        });
        try {
            return MethodHandles.lookup().defineClass(bytes);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    List<Class<?>> types(int count) {
        List<Class<?>> types = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            types.add(TYPES.get(random.nextInt(TYPES.size())));
        }
        return types;
    }

    @Nullable Object[] values(List<Class<?>> types) {
        @Nullable Object[] values = new Object[types.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = value(types.get(i));
        }
        return values;
    }

    private @Nullable Object value(Class<?> type) {
        long bits = random.nextBoolean() ? LONGS[random.nextInt(LONGS.length)] : random.nextLong();
        double number = random.nextBoolean() ? DOUBLES[random.nextInt(DOUBLES.length)] : random.nextGaussian();
        if (type == boolean.class) {
            return random.nextBoolean();
        } else if (type == byte.class) {
            return (byte) bits;
        } else if (type == short.class) {
            return (short) bits;
        } else if (type == char.class) {
            return (char) bits;
        } else if (type == int.class) {
            return (int) bits;
        } else if (type == long.class) {
            return bits;
        } else if (type == float.class) {
            return (float) number;
        } else if (type == double.class) {
            return number;
        } else if (random.nextInt(10) == 0) {
            return null;
        } else if (type == String.class) {
            return text();
        } else if (type == byte[].class) {
            byte[] bytes = new byte[random.nextInt(random.nextInt(20) == 0 ? 5000 : 40)];
            random.nextBytes(bytes);
            return bytes;
        }
        return TimeUnit.values()[random.nextInt(TimeUnit.values().length)];
    }

    String text() {
        StringBuilder text = new StringBuilder();
        int pieces = random.nextInt(random.nextInt(20) == 0 ? 3000 : 20);
        int kinds = 1 + random.nextInt(PIECES.length);
        for (int i = 0; i < pieces; i++) {
            text.append(PIECES[random.nextInt(kinds)]);
        }
        return text.toString();
    }

    /**
     * Returns the values that a reader gets of the values that were passed to a probe.
     *
     * @param types the types of the parameters
     * @param values the passed values
     * @param maxFieldBytes the largest size of a record's fields
     */
    static List<@Nullable Object> expected(List<Class<?>> types, @Nullable Object[] values, int maxFieldBytes) {
        List<@Nullable Object> expected = new ArrayList<>();
        int free = maxFieldBytes - types.stream().mapToInt(RandomProviders::minimumBytes).sum();
        for (@Nullable Object value : values) {
            switch (value) {
                case String text -> {
                    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                    Object read = Truncated.of(new String(utf8, StandardCharsets.UTF_8), free);
                    expected.add(read);
                    free -= read instanceof Truncated cut ? cut.recorded().length : utf8.length;
                }
                case byte[] bytes -> {
                    int recorded = Math.min(free, bytes.length);
                    expected.add(recorded == bytes.length ? bytes
                            : new Truncated(Arrays.copyOf(bytes, recorded), bytes.length));
                    free -= recorded;
                }
                case Enum<?> constant -> expected.add(constant.name());
                case null, default -> expected.add(value);
            }
        }
        return expected;
    }

    private static int minimumBytes(Class<?> type) {
        if (type == boolean.class || type == byte.class) {
            return Byte.BYTES;
        } else if (type == short.class || type == char.class) {
            return Short.BYTES;
        }
        return type == int.class || type == float.class || type.isEnum() ? Integer.BYTES
                : PacketLayout.LENGTHS_BYTES;
    }
}
