package io.github.rseq4j.trace.probe;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DynamicConstantDesc;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What made code calls: constants of its class, whatever package and module that is in. */
final class ProbeCalls {
    /* How it works
     *
     * The class of a provider's probes lies in the provider's package where it can, for there it may implement the
     * interface, whatever its visibility. What it calls is in this package, which it may not see. So it gets handles,
     * as data of its class: to its code they are constants, and so are the objects that they are bound to. A compiler
     * inlines through them as if each object were a static final field.
     *
     * Refused: fields of the object, through which nothing is inlined where the object is no constant; public classes
     * for the code to call, which others would call too.
     */
    private static final MethodHandles.Lookup OWN = MethodHandles.lookup();

    private final List<Object> data = new ArrayList<>();
    private final Map<String, Call> shared = new HashMap<>();

    /**
     * A method that can be called.
     *
     * @param handle the constant
     * @param type its type
     */
    record Call(DynamicConstantDesc<?> handle, MethodType type) {
        /** Pushes what is called, which comes before the arguments. */
        void begin(CodeBuilder code) {
            code.loadConstant(handle);
        }

        /** Calls it, with the arguments that were pushed. */
        void end(CodeBuilder code) {
            code.invokevirtual(ConstantDescs.CD_MethodHandle, "invokeExact", type.describeConstable().orElseThrow());
        }
    }

    /** Returns the data of the class. */
    List<Object> data() {
        return List.copyOf(data);
    }

    /**
     * Returns an object as a constant.
     *
     * @param value the object
     * @param type its type in the code
     */
    DynamicConstantDesc<?> constant(Object value, Class<?> type) {
        data.add(value);
        return DynamicConstantDesc.ofNamed(ConstantDescs.BSM_CLASS_DATA_AT, ConstantDescs.DEFAULT_NAME,
                type.describeConstable().orElseThrow(), data.size() - 1);
    }

    /**
     * Returns a method of one object; each time a constant of its own.
     *
     * @param receiver the object
     * @param name the method
     * @param returned what it returns
     * @param parameters its parameters
     */
    Call bound(Object receiver, String name, Class<?> returned, Class<?>... parameters) {
        MethodType type = MethodType.methodType(returned, parameters);
        try {
            MethodHandle handle = OWN.findVirtual(receiver.getClass(), name, type).bindTo(receiver);
            return new Call(constant(handle, MethodHandle.class), type);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("method=" + name + " of " + receiver.getClass() + " cannot be called", e);
        }
    }

    /** Returns a method of an object whose method's name no other shared call has. */
    Call shared(Object receiver, String name, Class<?> returned, Class<?>... parameters) {
        Call known = shared.get(name);
        if (known == null) {
            known = bound(receiver, name, returned, parameters);
            shared.put(name, known);
        }
        return known;
    }

    /** Returns a method of {@link FieldBytes}. */
    Call field(String name, Class<?> returned, Class<?>... parameters) {
        Call known = shared.get(name);
        if (known == null) {
            MethodType type = MethodType.methodType(returned, parameters);
            try {
                known = new Call(constant(OWN.findStatic(FieldBytes.class, name, type), MethodHandle.class), type);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("method=" + name + " cannot be called", e);
            }
            shared.put(name, known);
        }
        return known;
    }
}
