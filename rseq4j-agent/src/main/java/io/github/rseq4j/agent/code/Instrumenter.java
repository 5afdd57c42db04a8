package io.github.rseq4j.agent.code;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ConstantDescs;
import java.lang.reflect.AccessFlag;
import java.util.IdentityHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Adds calls at the entry and at the ends of methods. Any thread may call any method. */
public final class Instrumenter {
    /* How it works
     *
     *   long start = enter();            invokedynamic, linked with the number of the method's site
     *   try {
     *       ... exit(start); return x;   before each return
     *   } catch (Throwable t) {
     *       exit(start); throw t;
     *   }
     *
     * With values, the ends are exit(start, a0, ...), result(x, start, a0, ...) and thrown(t, start, a0, ...). The
     * arguments are those at the entry, in variables of their own. References are passed as objects, so that linking
     * loads no class.
     *
     * Nothing else of a class changes: its other methods, its constants and its attributes keep their bytes. The frames
     * of the verifier are those that the class had, with the added variables. They are not computed: that would need
     * the classes that the code names, which may not be there.
     *
     * A constructor may not catch exceptions before it has called another constructor (Initialisation finds the place).
     * So what that call throws ends no call of this one.
     */
    /** The first version of class files with invokedynamic: Java 7. */
    private static final int FIRST_VERSION = ClassFile.JAVA_7_VERSION;
    /** The JVM compiles no method with more bytes (HugeMethodLimit). */
    private static final int MOST_COMPILED_BYTES = 8000;
    private static final int MOST_BYTES = 0xFFFF;
    /** At most this many bytes are added for an entry with the handler, and for a return; beside those of values. */
    private static final int ADDED_BYTES = 40;
    private static final int BYTES_EACH_VALUE = 8;
    /** Jumps that become too far take more bytes. */
    private static final int SPARE_BYTES = 1000;

    private static final ClassFile CLASS_FILE = ClassFile.of(ClassFile.StackMapsOption.DROP_STACK_MAPS,
            ClassFile.DeadCodeOption.KEEP_DEAD_CODE);

    private Instrumenter() {}

    /**
     * Instruments methods of a class.
     *
     * @param model the class
     * @param hooks returns the hook of a method that is to be instrumented, for which {@link #reason} has found none;
     *     or null
     * @return the instrumented class file, or null if no method was instrumented
     */
    public static byte @Nullable [] instrument(ClassModel model, Function<MethodModel, @Nullable Hook> hooks) {
        IdentityHashMap<MethodModel, Hook> chosen = new IdentityHashMap<>();
        for (MethodModel method : model.methods()) {
            Hook hook = hooks.apply(method);
            if (hook != null) {
                chosen.put(method, hook);
            }
        }
        if (chosen.isEmpty()) {
            return null;
        }
        ClassTransform transform = (builder, element) -> {
            Hook hook = element instanceof MethodModel method ? chosen.get(method) : null;
            if (hook != null && element instanceof MethodModel method) {
                CodeAttribute code = method.findAttribute(Attributes.code()).orElseThrow();
                builder.transformMethod(method,
                        MethodTransform.transformingCode(new CallCode(method, code, hook)));
            } else {
                builder.with(element);
            }
        };
        return CLASS_FILE.transformClass(model, transform);
    }

    /**
     * Returns why a method cannot be instrumented, or null.
     *
     * @param model the class
     * @param method one of its methods
     * @param hook the hook that it would get
     */
    public static @Nullable String reason(ClassModel model, MethodModel method, Hook hook) {
        CodeAttribute code = method.findAttribute(Attributes.code()).orElse(null);
        if (code == null) {
            return method.flags().has(AccessFlag.NATIVE) ? "is native" : "is abstract";
        }
        if (model.majorVersion() < FIRST_VERSION) {
            return "its class file has version " + model.majorVersion() + ", which has no invokedynamic; compile it for"
                    + " Java 7 or later";
        }
        if (method.methodName().equalsString(ConstantDescs.CLASS_INIT_NAME)) {
            return "initialises a class, once";
        }
        int length = code.codeLength();
        int grown = length + added(method, code, hook);
        if (length <= MOST_COMPILED_BYTES && grown > MOST_COMPILED_BYTES) {
            return "has " + length + " bytes: with more than " + MOST_COMPILED_BYTES + " the JVM would not compile it";
        }
        if (grown > MOST_BYTES - SPARE_BYTES) {
            return "has " + length + " bytes: a method has at most " + MOST_BYTES;
        }
        if (method.methodName().equalsString(ConstantDescs.INIT_NAME) && !Initialisation.isIn(code)) {
            return "calls no other constructor in a way that can be followed";
        }
        return null;
    }

    private static int added(MethodModel method, CodeAttribute code, Hook hook) {
        int values = hook.hasValues() ? 2 + method.methodTypeSymbol().parameterCount() : 0;
        int each = ADDED_BYTES + values * BYTES_EACH_VALUE;
        int ends = 2;
        for (var element : code.elementList()) {
            ends += element instanceof ReturnInstruction ? 1 : 0;
        }
        return ends * each;
    }
}
