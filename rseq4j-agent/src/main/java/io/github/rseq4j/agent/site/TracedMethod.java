package io.github.rseq4j.agent.site;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.LocalVariableInfo;
import java.lang.classfile.attribute.MethodParameterInfo;
import java.lang.classfile.constantpool.Utf8Entry;
import java.lang.constant.ClassDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A method that is instrumented, as its events need it.
 *
 * @param className the binary name of its class
 * @param name its name
 * @param descriptor its descriptor
 * @param parameters the names of its parameters, arg0 and so on where the class file does not say; without the object
 * @param types their types
 * @param result the type of its result
 * @param hasObject whether the values of its ends begin with the object
 */
public record TracedMethod(String className, String name, String descriptor, List<String> parameters,
        List<ClassDesc> types, ClassDesc result, boolean hasObject) {
    /** Copies the lists. */
    public TracedMethod {
        parameters = List.copyOf(parameters);
        types = List.copyOf(types);
    }

    /** Reads a method. */
    public static TracedMethod of(ClassModel type, MethodModel method) {
        boolean isStatic = method.flags().has(AccessFlag.STATIC);
        String name = method.methodName().stringValue();
        List<ClassDesc> types = method.methodTypeSymbol().parameterList();
        return new TracedMethod(type.thisClass().asInternalName().replace('/', '.'), name,
                method.methodType().stringValue(), names(method, types, isStatic), types,
                method.methodTypeSymbol().returnType(), !isStatic && !name.equals("<init>"));
    }

    private static List<String> names(MethodModel method, List<ClassDesc> types, boolean isStatic) {
        List<MethodParameterInfo> given = method.findAttribute(Attributes.methodParameters())
                .map(attribute -> attribute.parameters()).orElse(List.of());
        Map<Integer, String> local = new HashMap<>();
        method.findAttribute(Attributes.code()).flatMap(code -> code.findAttribute(Attributes.localVariableTable()))
                .ifPresent(table -> {
                    for (LocalVariableInfo each : table.localVariables()) {
                        if (each.startPc() == 0) {
                            local.put(each.slot(), each.name().stringValue());
                        }
                    }
                });
        List<String> names = new ArrayList<>();
        int slot = isStatic ? 0 : 1;
        for (int i = 0; i < types.size(); i++) {
            String unknown = local.getOrDefault(slot, "arg" + i);
            names.add(given.size() == types.size()
                    ? given.get(i).name().map(Utf8Entry::stringValue).orElse(unknown) : unknown);
            slot += TypeKind.from(types.get(i)).slotSize();
        }
        return names;
    }
}
