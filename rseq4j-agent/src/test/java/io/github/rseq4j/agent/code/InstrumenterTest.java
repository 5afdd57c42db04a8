package io.github.rseq4j.agent.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.StackMapTableAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.codehaus.groovy.control.CompilationUnit;
import org.codehaus.groovy.control.Phases;
import org.codehaus.groovy.tools.GroovyClass;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The verifier accepts instrumented classes, of which nothing else has changed. */
final class InstrumenterTest {
    private static final ClassFile CLASS_FILE = ClassFile.of();
    private static final ClassDesc NAME = ClassDesc.of("A");
    private static final MethodTypeDesc VOID = MethodTypeDesc.of(ConstantDescs.CD_void);

    private static byte @Nullable [] instrument(byte[] bytes, boolean hasValues, Set<String> reasons) {
        ClassModel model = CLASS_FILE.parse(bytes);
        int[] sites = {0};
        return Instrumenter.instrument(model, method -> {
            Hook hook = new Hook(sites[0]++, hasValues);
            String reason = Instrumenter.reason(model, method, hook);
            if (reason != null) {
                reasons.add(reason);
            }
            return reason == null ? hook : null;
        });
    }

    /** All classes of modules of the JDK with many kinds of code: the compiler, XML, scripting of SQL, the base. */
    @ParameterizedTest
    @CsvSource({"jdk.compiler, false", "java.xml, true", "java.sql.rowset, true", "java.base, false"})
    void theVerifierAcceptsModules(String module, boolean hasValues) throws IOException {
        List<String> faults = new ArrayList<>();
        int count = 0;
        Path root = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("modules", module);
        try (Stream<Path> all = Files.walk(root)) {
            for (Path each : all.filter(path -> path.toString().endsWith(".class")).toList()) {
                byte[] made = instrument(Files.readAllBytes(each), hasValues, new HashSet<>());
                if (made != null) {
                    count++;
                    CLASS_FILE.verify(made).forEach(error -> faults.add(each + ": " + error.getMessage()));
                }
            }
        }
        assertTrue(count > 30, count + " classes");
        assertEquals(List.of(), faults.stream().limit(3).toList());
    }

    /** The test above sees frames that lack the added variables. */
    @Test
    void theVerifierRefusesFormerFrames() throws IOException {
        byte[] bytes = Objects.requireNonNull(HashMap.class.getResourceAsStream("HashMap.class")).readAllBytes();
        byte[] made = Objects.requireNonNull(instrument(bytes, false, new HashSet<>()));
        byte[] without = ClassFile.of(ClassFile.StackMapsOption.DROP_STACK_MAPS).transformClass(CLASS_FILE.parse(made),
                ClassTransform.transformingMethodBodies((to, element) -> {
                    if (!(element instanceof StackMapTableAttribute)) {
                        to.with(element);
                    }
                }));
        assertFalse(CLASS_FILE.verify(without).isEmpty());
    }

    @Test
    void leavesTheRestOfAClassAsItIs() throws IOException {
        byte[] bytes = Objects.requireNonNull(InstrumenterTest.class.getResourceAsStream("InstrumenterTest.class"))
                .readAllBytes();
        ClassModel before = CLASS_FILE.parse(bytes);
        ClassModel after = CLASS_FILE.parse(Objects.requireNonNull(instrument(bytes, true, new HashSet<>())));
        assertEquals(before.majorVersion(), after.majorVersion());
        assertEquals(before.flags().flagsMask(), after.flags().flagsMask());
        assertEquals(before.fields().toString(), after.fields().toString());
        assertEquals(before.methods().stream().map(each -> each.methodName() + "" + each.methodType()
                + each.flags().flagsMask()).toList(), after.methods().stream().map(each -> each.methodName() + ""
                + each.methodType() + each.flags().flagsMask()).toList());
        assertEquals(before.attributes().stream().map(each -> each.attributeName().stringValue()).sorted().toList(),
                after.attributes().stream().map(each -> each.attributeName().stringValue())
                        .filter(each -> !each.equals("BootstrapMethods") || before.attributes().stream()
                                .anyMatch(a -> a.attributeName().equalsString(each))).sorted().toList());
    }

    /** Parameters stay visible to debuggers from the first instruction on. */
    @Test
    void keepsLinesAndVariables() throws IOException {
        byte[] bytes = Objects.requireNonNull(InstrumenterTest.class.getResourceAsStream("InstrumenterTest.class"))
                .readAllBytes();
        ClassModel after = CLASS_FILE.parse(Objects.requireNonNull(instrument(bytes, false, new HashSet<>())));
        for (MethodModel method : after.methods()) {
            method.findAttribute(Attributes.code()).ifPresent(code -> {
                code.findAttribute(Attributes.lineNumberTable()).ifPresent(lines ->
                        assertEquals(0, lines.lineNumbers().getFirst().startPc(), method.toString()));
                code.findAttribute(Attributes.localVariableTable()).ifPresent(table -> table.localVariables().stream()
                        .filter(each -> each.name().equalsString("this"))
                        .forEach(each -> assertEquals(0, each.startPc(), method.toString())));
            });
        }
    }

    private static String reason(byte[] bytes, String name) {
        ClassModel model = CLASS_FILE.parse(bytes);
        MethodModel method = model.methods().stream().filter(each -> each.methodName().equalsString(name)).findFirst()
                .orElseThrow();
        return String.valueOf(Instrumenter.reason(model, method, new Hook(0, false)));
    }

    private static byte[] nops(int version, int count) {
        return CLASS_FILE.build(NAME, type -> type.withVersion(version, 0).withMethodBody("a", VOID,
                ClassFile.ACC_STATIC, code -> {
                    for (int i = 0; i < count; i++) {
                        code.nop();
                    }
                    code.return_();
                }));
    }

    @Test
    void leavesAloneWithAReason() {
        assertTrue(reason(nops(ClassFile.JAVA_6_VERSION, 1), "a").contains("version 50"));
        assertEquals("null", reason(nops(ClassFile.JAVA_7_VERSION, 1), "a"));
        assertEquals("null", reason(nops(ClassFile.JAVA_8_VERSION, 9000), "a"));
        assertTrue(reason(nops(ClassFile.JAVA_8_VERSION, 7980), "a").contains("would not compile"));
        assertTrue(reason(nops(ClassFile.JAVA_8_VERSION, 65_000), "a").contains("65001"));
        byte[] others = CLASS_FILE.build(NAME, type -> type
                .withMethodBody(ConstantDescs.CLASS_INIT_NAME, VOID, ClassFile.ACC_STATIC, code -> code.return_())
                .withMethod("n", VOID, ClassFile.ACC_NATIVE, _ -> {})
                .withMethod("b", VOID, ClassFile.ACC_ABSTRACT, _ -> {})
                // A constructor that never returns calls none.
                .withMethodBody(ConstantDescs.INIT_NAME, VOID, 0, code -> {
                    var loop = code.newBoundLabel();
                    code.goto_(loop);
                }));
        assertTrue(reason(others, ConstantDescs.CLASS_INIT_NAME).contains("initialises"));
        assertTrue(reason(others, "n").contains("native"));
        assertTrue(reason(others, "b").contains("abstract"));
        assertTrue(reason(others, ConstantDescs.INIT_NAME).contains("no other constructor"));
    }

    /** Groovy's constructors choose at run time which other one they call: there are several such calls. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void theVerifierAcceptsConstructorsThatChoose(boolean hasValues) throws Exception {
        CompilationUnit unit = new CompilationUnit();
        unit.addSource("Chosen.groovy", """
                class Chosen {
                    String text
                    Chosen(Integer number) { text = 'i' + number }
                    Chosen(String given) { text = 't' + given }
                    Chosen(Integer number, String given) { this(number > 1 ? given : number); text += '!' }
                }
                class Choosing extends Chosen {
                    Choosing(given) { super(given); text += '?' }
                    Choosing(one, other) { super(*[one, other]) }
                }
                """);
        unit.compile(Phases.CLASS_GENERATION);
        Map<String, byte[]> made = new HashMap<>();
        for (Object each : unit.getClasses()) {
            GroovyClass type = (GroovyClass) each;
            made.put(type.getName(), Objects.requireNonNull(instrument(type.getBytes(), hasValues, new HashSet<>())));
        }
        ClassLoader loader = new ClassLoader(GroovyClass.class.getClassLoader()) {
            @Override
            protected Class<?> findClass(String name) {
                byte[] bytes = Objects.requireNonNull(made.get(name));
                return defineClass(name, bytes, 0, bytes.length);
            }
        };
        for (String name : List.of("Chosen", "Choosing")) {
            // The JVM verifies a class before its initialisation, which runs no instrumented method.
            assertEquals(name, Class.forName(name, true, loader).getName());
        }
    }

    /** A loop to the first instruction, a method that ends by a throw alone, and variables of every kind. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void acceptsOddCode(boolean hasValues) {
        byte[] bytes = CLASS_FILE.build(NAME, type -> type
                .withMethodBody("loop", MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long,
                        ConstantDescs.CD_double, ConstantDescs.CD_byte.arrayType()), ClassFile.ACC_STATIC, code -> {
                            var start = code.newBoundLabel();
                            code.lload(0).lconst_1().lsub().lstore(0);
                            code.lload(0).lconst_0().lcmp().ifgt(start);
                            // The slot of the array gets a number: nothing holds the argument after that.
                            code.iconst_1().istore(4);
                            code.lload(0).lreturn();
                        })
                .withMethodBody("throwing", MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_Throwable), 0,
                        code -> code.aload(1).athrow()));
        byte[] made = Objects.requireNonNull(instrument(bytes, hasValues, new HashSet<>()));
        assertEquals(List.of(), CLASS_FILE.verify(made));
    }
}
