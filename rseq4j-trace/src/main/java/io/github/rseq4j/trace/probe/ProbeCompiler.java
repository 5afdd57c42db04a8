package io.github.rseq4j.trace.probe;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ring.EventSink;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.DynamicConstantDesc;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes the class that implements a provider. */
public final class ProbeCompiler {
    /* How it works
     *
     * It makes a hidden class of this form, in the provider's package if possible (ProbePlace):
     *
     *   final class Requests_Probes implements Requests {
     *       public void received(long id, String path) {
     *           if (received.admits()) { ... see ProbeBody ... }
     *       }
     *       public Span parse(long id) {
     *           if (parse.admits()) { ... return end; } else { return none; }
     *       }
     *   }
     *
     * The class has no fields: it uses constants (ProbeCalls).
     *
     * Refused: a mutable call site that is relinked when a probe is enabled or disabled. It would save the load of a
     * flag, and make the JVM discard the compiled code of each caller.
     */
    private final ProbeCalls calls = new ProbeCalls();
    private final EventSink sink;
    private final Scratch scratch;
    private final int maxFieldBytes;
    private final Map<Class<?>, DynamicConstantDesc<?>> noneOf = new HashMap<>();

    /**
     * @param sink receives the events of the probes; its class is public or in this package
     * @param scratch arrays for records, of at least maxFieldBytes each
     * @param maxFieldBytes the largest size of a record's fields
     */
    public ProbeCompiler(EventSink sink, Scratch scratch, int maxFieldBytes) {
        this.sink = sink;
        this.scratch = scratch;
        this.maxFieldBytes = maxFieldBytes;
    }

    /**
     * A method and its event.
     *
     * @param method the method
     * @param type the event; for a span, the event of its begin
     * @param admits tells whether a call is recorded: a handle of type ()boolean
     * @param end the result of the method if the call is recorded, or null if the method returns nothing
     * @param none the result of the method if the call is not recorded
     */
    public record Implementation(Method method, EventType type, MethodHandle admits, @Nullable Object end,
                                 @Nullable Object none) {}

    /**
     * Makes the implementation. It may be called once.
     *
     * @param place a lookup in the package of the new class
     * @param provider the interface
     * @param methods its methods
     * @return an instance of the class
     * @throws IllegalArgumentException when there are too many methods for one class
     */
    public Object compile(MethodHandles.Lookup place, Class<?> provider, List<Implementation> methods) {
        String packageName = place.lookupClass().getPackageName();
        ClassDesc name = ClassDesc.of((packageName.isEmpty() ? "" : packageName + ".") + provider.getSimpleName()
                + "_Probes");
        byte[] bytes;
        try {
            bytes = ClassFile.of().build(name, c -> {
                c.withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC)
                        .withInterfaceSymbols(provider.describeConstable().orElseThrow())
                        .withMethodBody(INIT_NAME, MTD_void, 0,
                                code -> code.aload(0).invokespecial(CD_Object, INIT_NAME, MTD_void).return_());
                for (Implementation method : methods) {
                    method(c, method);
                }
            });
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("provider=" + provider.getName() + ": its " + methods.size()
                    + " methods need more constants than a class file can have (three or four for each, of 65,535):"
                    + " distribute them over several interfaces", e);
        }
        try {
            MethodHandles.Lookup made = place.defineHiddenClassWithClassData(bytes, calls.data(), true);
            return made.findConstructor(made.lookupClass(), MethodType.methodType(void.class)).invoke();
        } catch (Throwable e) {
            throw new IllegalStateException("provider=" + provider.getName() + " cannot be implemented: " + e, e);
        }
    }

    private void method(ClassBuilder builder, Implementation method) {
        MethodType type = MethodType.methodType(method.method().getReturnType(), method.method().getParameterTypes());
        builder.withMethodBody(method.method().getName(), type.describeConstable().orElseThrow(),
                ClassFile.ACC_PUBLIC, code -> body(code, method));
    }

    private void body(CodeBuilder code, Implementation method) {
        Label disabled = code.newLabel();
        ProbeCalls.Call admits = calls.of(method.admits());
        admits.begin(code);
        admits.end(code);
        code.ifeq(disabled);
        new ProbeBody(code, calls, sink, scratch, method.type()).write(maxFieldBytes);
        Object end = method.end();
        Object none = method.none();
        if (end == null || none == null) {
            code.labelBinding(disabled).return_();
        } else {
            Class<?> returned = method.method().getReturnType();
            code.loadConstant(calls.constant(end, returned)).areturn();
            code.labelBinding(disabled).loadConstant(none(none, returned)).areturn();
        }
    }

    private DynamicConstantDesc<?> none(Object none, Class<?> returned) {
        DynamicConstantDesc<?> made = noneOf.get(returned);
        if (made == null) {
            made = calls.constant(none, returned);
            noneOf.put(returned, made);
        }
        return made;
    }
}
