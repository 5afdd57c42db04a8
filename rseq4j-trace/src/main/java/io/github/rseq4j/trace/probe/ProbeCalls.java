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

/** The methods that generated code calls, as constants of its class. That class may be in any package and module. */
final class ProbeCalls {
    /* How it works
     *
     * The class of a provider's probes is in the provider's package if possible, because there it can implement an
     * interface of any visibility. The methods that it calls are in this package, which that class may not be able to
     * access. So the class gets method handles as its class data. The handles, and the objects to which they are bound,
     * are constants to its code. The JIT compiler inlines calls through them as if each object were a static final
     * field.
     *
     * Refused: fields of the instance, because nothing is inlined through them if the instance is not a constant;
     * public classes for the code to call, because any other code could call them too.
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
        /** Pushes the handle, which comes before the arguments. */
        void begin(CodeBuilder code) {
            code.loadConstant(handle);
        }

        /** Calls the method with the arguments that were pushed. */
        void end(CodeBuilder code) {
            code.invokevirtual(ConstantDescs.CD_MethodHandle, "invokeExact", type.describeConstable().orElseThrow());
        }
    }

    /** Returns the class data. */
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
     * Returns a method of an object, as a new constant.
     *
     * @param receiver the object
     * @param name the method's name
     * @param returned the type of its result
     * @param parameters the types of its parameters
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

    /** Returns a handle as a new constant. */
    Call of(MethodHandle handle) {
        return new Call(constant(handle, MethodHandle.class), handle.type());
    }

    /** Returns a method of an object, with one constant for each name: no two shared methods may have the same name. */
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
