package io.github.rseq4j.agent.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.attribute.RuntimeInvisibleAnnotationsAttribute;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Rules on the class files of this test's own classes. */
final class ClassRulesTest {
    private static final String NAME = ClassRulesTest.class.getName();

    @Retention(RetentionPolicy.RUNTIME)
    @interface Traced {}

    @Retention(RetentionPolicy.CLASS)
    @interface Hidden {}

    @Retention(RetentionPolicy.SOURCE)
    @interface Lost {}

    interface Handler<T> {
        void handle(T it);

        default void handleAll(T it) {
            handle(it);
        }
    }

    abstract static class Base implements Handler<String> {
        static final long BEGAN = System.nanoTime();

        long began() {
            return BEGAN;
        }
    }

    static final class Leaf extends Base {
        @Override
        @Traced
        public void handle(String it) {}

        @Hidden
        void handleLater() {}

        @Lost
        void other() {
            Runnable later = () -> handleLater();
            later.run();
        }
    }

    @Hidden
    static final class Annotated {
        void first() {}

        @Traced
        void second() {}
    }

    static ClassModel model(Class<?> type) {
        try (InputStream in = Objects.requireNonNull(ClassRulesTest.class.getResourceAsStream("/"
                + type.getName().replace('.', '/') + ".class"))) {
            return ClassFile.of().parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Set<String> supertypes(ClassModel model) {
        Set<String> all = new HashSet<>();
        try {
            add(all, Class.forName(ClassRules.binaryName(model), false, ClassRulesTest.class.getClassLoader()));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
        return all;
    }

    private static void add(Set<String> all, Class<?> type) {
        if (type.getSuperclass() != null && all.add(type.getSuperclass().getName())) {
            add(all, type.getSuperclass());
        }
        for (Class<?> each : type.getInterfaces()) {
            all.add(each.getName());
            add(all, each);
        }
    }

    /** Returns the names of the methods of a class that a glob matches. */
    private static Set<String> matched(Class<?> type, String glob) {
        RuleSet set = RuleSet.parse("method=" + glob);
        Set<String> names = new TreeSet<>();
        ClassModel model = model(type);
        for (MethodModel method : model.methods()) {
            if (set.match(model, method, ClassRulesTest::supertypes) != null) {
                names.add(method.methodName().stringValue());
            }
        }
        assertEquals(true, names.isEmpty() || set.mayMatchClass(type.getName()), "the cheap test is never wrong");
        return names;
    }

    @Test
    void matchesAllMethodsAndConstructorsOfAClass() {
        Set<String> all = Set.of("<init>", "handle", "handleLater", "other", "lambda$other$0");
        assertEquals(all, matched(Leaf.class, NAME + "$Leaf"));
        assertEquals(all, matched(Leaf.class, "**.ClassRulesTest$*::*"));
        assertEquals(Set.of("handle", "handleLater"), matched(Leaf.class, NAME + "*::handle*"));
        assertEquals(Set.of("<init>"), matched(Leaf.class, NAME + "*::<init>"));
        assertEquals(Set.of(), matched(Leaf.class, NAME + "::*"));
    }

    @Test
    void matchesTheStaticInitializerOnlyByItsName() {
        assertEquals(Set.of("<init>", "began"), matched(Base.class, "**"));
        assertEquals(Set.of("<init>", "began"), matched(Base.class, "**::*"));
        assertEquals(Set.of("<clinit>"), matched(Base.class, "**::<clinit>"));
    }

    @Test
    void matchesAnnotatedMethodsOfAnyRetentionInClassFiles() {
        assertEquals(Set.of("handle"), matched(Leaf.class, "@" + NAME + "$Traced"));
        assertEquals(Set.of("handleLater"), matched(Leaf.class, "@" + NAME + "$Hidden"));
        assertEquals(Set.of(), matched(Leaf.class, "@" + NAME + "$Lost"));
        assertEquals(Set.of("handle", "handleLater"), matched(Leaf.class, "@io.github.**"));
        assertEquals(Set.of("handleLater"), matched(Leaf.class, "@io.github.**::handle?*"));
    }

    @Test
    void matchesAllMethodsOfAnnotatedClasses() {
        assertEquals(Set.of("<init>", "first", "second"), matched(Annotated.class, "@" + NAME + "$Hidden"));
        assertEquals(Set.of("first"), matched(Annotated.class, "@" + NAME + "$Hidden::f*"));
        assertEquals(Set.of("second"), matched(Annotated.class, "@" + NAME + "$Traced"));
    }

    @Test
    void matchesTheClassAndAllSubtypes() {
        String handler = NAME + "$Handler+";
        assertEquals(Set.of("handle", "handleAll"), matched(Handler.class, handler));
        assertEquals(Set.of("<init>", "began"), matched(Base.class, handler));
        assertEquals(Set.of("handle", "handleLater"), matched(Leaf.class, handler + "::handle*"));
        assertEquals(Set.of("handle"), matched(Leaf.class, "**.ClassRulesTest$Ba*+::handle"));
        assertEquals(Set.of(), matched(Annotated.class, handler));
    }

    @Test
    void letsTheLastMatchingRuleWin() {
        RuleSet set = RuleSet.parse("method=**,mode=count;method=@**Traced,mode=event;method=**::other;method=no.Such");
        ClassModel model = model(Leaf.class);
        AtomicInteger calls = new AtomicInteger();
        ClassRules rules = set.of(model, each -> {
            calls.incrementAndGet();
            return supertypes(each);
        });
        for (MethodModel method : model.methods()) {
            // The compiler copies annotations to bridges.
            Mode expected = switch (method.methodName().stringValue()) {
                case "handle" -> Mode.EVENT;
                case "other" -> Mode.TIME;
                default -> Mode.COUNT;
            };
            Rule rule = rules.match(method);
            assertEquals(expected, rule == null ? null : rule.mode(), method.toString());
        }
        assertEquals(0, calls.get(), "no rule needs supertypes");
        assertNull(RuleSet.parse("method=no.Such").match(model, model.methods().getFirst(), each -> Set.of()));
    }

    @Test
    void looksForSupertypesOnce() {
        AtomicInteger calls = new AtomicInteger();
        ClassModel model = model(Leaf.class);
        ClassRules rules = RuleSet.parse("method=a.A+;method=b.B+").of(model, each -> {
            calls.incrementAndGet();
            return Set.of("b.B");
        });
        model.methods().forEach(method -> assertEquals("b.B+", Objects.requireNonNull(rules.match(method)).glob()));
        assertEquals(1, calls.get());
    }

    /** Returns a class file as the JVM makes it of a loaded class. */
    private static ClassModel loaded(Class<?> type) {
        ClassTransform drop = (builder, element) -> {
            if (!(element instanceof RuntimeInvisibleAnnotationsAttribute)) {
                builder.with(element);
            }
        };
        MethodTransform dropOfMethod = (builder, element) -> {
            if (!(element instanceof RuntimeInvisibleAnnotationsAttribute)) {
                builder.with(element);
            }
        };
        return ClassFile.of().parse(ClassFile.of().transformClass(model(type),
                drop.andThen(ClassTransform.transformingMethods(dropOfMethod))));
    }

    @Test
    void findsAnnotationsThatTheJvmDoesNotKeep() {
        RuleSet rules = RuleSet.parse("method=@" + NAME + "$Hidden");
        AtomicInteger reads = new AtomicInteger();
        Set<String> found = new TreeSet<>();
        for (Class<?> type : new Class<?>[] {Leaf.class, Annotated.class, Base.class}) {
            ClassModel loaded = loaded(type);
            ClassRules complete = rules.of(loaded, _ -> Set.of(), () -> {
                reads.incrementAndGet();
                return model(type);
            });
            ClassRules without = rules.of(loaded, _ -> Set.of());
            for (MethodModel method : loaded.methods()) {
                assertNull(without.match(method));
                if (complete.match(method) != null) {
                    found.add(method.methodName().stringValue());
                }
            }
        }
        assertEquals(Set.of("<init>", "first", "second", "handleLater"), found);
        assertEquals(2, reads.get(), "class Base does not name the annotation");
    }
}
