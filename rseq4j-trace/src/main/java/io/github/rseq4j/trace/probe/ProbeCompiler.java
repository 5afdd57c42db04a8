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
     * A hidden class of this form, in the provider's package where that may be:
     *
     *   final class Requests_Probes implements Requests {
     *       public void received(long id, String path) {
     *           if (received.isEnabled()) { ... see ProbeBody ... }
     *       }
     *       public Span parse(long id) {
     *           if (parse.isEnabled()) { ... return end; } else { return none; }
     *       }
     *   }
     *
     * It has no fields: what it uses are constants (ProbeCalls).
     *
     * Refused: a call site that is linked anew when a probe is switched. It would save the load of a flag, and cost
     * every caller its compiled code.
     */
    private final ProbeCalls calls = new ProbeCalls();
    private final EventSink sink;
    private final Scratch scratch;
    private final int maxFieldBytes;
    private final Map<Class<?>, DynamicConstantDesc<?>> noneOf = new HashMap<>();

    /**
     * @param sink where to its probes record; its class is public, or of this package
     * @param scratch what records are put together in, with arrays of maxFieldBytes at least
     * @param maxFieldBytes how many bytes of fields a record has at most
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
     * @param type the event, of a span that of the begin
     * @param flag the object that switches it: its method isEnabled tells whether it records
     * @param end what the method returns when it has recorded, or null where it returns nothing
     * @param none what it returns when it has not
     */
    public record Implementation(Method method, EventType type, Object flag, @Nullable Object end,
                                 @Nullable Object none) {}

    /**
     * Makes the implementation. Called once.
     *
     * @param place where the class is to be
     * @param provider the interface
     * @param methods its events
     * @return an instance
     * @throws IllegalArgumentException when there are too many for one class
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
                    + " methods take more constants than the class file has that implements them (three or four for"
                    + " each, of 65,535): distribute them over several interfaces", e);
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
        ProbeCalls.Call isEnabled = calls.bound(method.flag(), "isEnabled", boolean.class);
        isEnabled.begin(code);
        isEnabled.end(code);
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
