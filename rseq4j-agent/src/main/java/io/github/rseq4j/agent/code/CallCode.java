package io.github.rseq4j.agent.code;

import java.lang.classfile.Attributes;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.attribute.StackMapFrameInfo;
import java.lang.classfile.attribute.StackMapFrameInfo.ObjectVerificationTypeInfo;
import java.lang.classfile.attribute.StackMapFrameInfo.SimpleVerificationTypeInfo;
import java.lang.classfile.attribute.StackMapFrameInfo.VerificationTypeInfo;
import java.lang.classfile.attribute.StackMapTableAttribute;
import java.lang.classfile.instruction.ExceptionCatch;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.LocalVariableType;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DynamicCallSiteDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The instrumentation of the code of one method. Used once. */
final class CallCode implements CodeTransform {
    /* How it works
     *
     * The added variables lie after those of the method: the start, then the arguments with values. Each frame of the
     * method gets them. The handler's frame has only them.
     *
     * The handler covers the method but for the calls at its ends, so that no call ends twice, and but for what a
     * handler of the method catches in any case: exceptions there never reach a further one. If the handler covered
     * synchronized blocks, the JIT compilers would find ways to it that hold a monitor.
     */
    private static final ClassDesc OBJECT = ConstantDescs.CD_Object;

    private final Hook hook;
    private final CodeAttribute code;
    /** Of a constructor, otherwise null. */
    private final @Nullable Initialisation initialisation;
    private final TypeKind result;
    private final int startSlot;
    private final List<TypeKind> values = new ArrayList<>();
    private final List<Integer> valueSlots = new ArrayList<>();
    private final List<Integer> copySlots = new ArrayList<>();
    private final List<StackMapFrameInfo> frames;
    /** The number of handlers that catch everything and begin, or end, at a label. */
    private final Map<Label, Integer> caught = new HashMap<>();
    private final List<Label> ranges = new ArrayList<>();
    private @Nullable Label first;
    private @Nullable Label open;
    private int depth;

    CallCode(MethodModel method, CodeAttribute code, Hook hook) {
        this.hook = hook;
        this.code = code;
        this.initialisation = method.methodName().equalsString(ConstantDescs.INIT_NAME) ? new Initialisation(code)
                : null;
        this.result = TypeKind.from(method.methodTypeSymbol().returnType());
        this.startSlot = code.maxLocals();
        if (hook.hasValues()) {
            values(method);
        }
        // The labels of the frames must be there before the code is read.
        this.frames = code.findAttribute(Attributes.stackMapTable()).map(StackMapTableAttribute::entries)
                .orElse(List.of());
        for (ExceptionCatch each : code.exceptionHandlers()) {
            if (each.catchType().isEmpty()) {
                caught.merge(each.tryStart(), 1, Integer::sum);
                caught.merge(each.tryEnd(), -1, Integer::sum);
            }
        }
    }

    private void values(MethodModel method) {
        int slot = 0;
        int copy = startSlot + TypeKind.LONG.slotSize();
        List<TypeKind> kinds = new ArrayList<>();
        if (!method.flags().has(AccessFlag.STATIC)) {
            kinds.add(TypeKind.REFERENCE);
        }
        method.methodTypeSymbol().parameterList().forEach(each -> kinds.add(TypeKind.from(each)));
        for (TypeKind kind : kinds) {
            // A constructor's object is not initialised at the entry.
            if (initialisation == null || slot > 0) {
                values.add(kind);
                valueSlots.add(slot);
                copySlots.add(copy);
                copy += kind.slotSize();
            }
            slot += kind.slotSize();
        }
    }

    @Override
    public void atStart(CodeBuilder builder) {
        Label begin = builder.newBoundLabel();
        first = begin;
        for (CodeElement element : code) {
            if (element instanceof LineNumber line) {
                builder.with(line);
                break;
            }
        }
        builder.invokedynamic(site("enter", MethodTypeDesc.of(ConstantDescs.CD_long)));
        builder.lstore(startSlot);
        for (int i = 0; i < values.size(); i++) {
            builder.loadLocal(values.get(i), valueSlots.get(i));
            builder.storeLocal(values.get(i), copySlots.get(i));
        }
    }

    private DynamicCallSiteDesc site(String name, MethodTypeDesc type) {
        return DynamicCallSiteDesc.of(LinkClass.BOOTSTRAP, name, type).withArgs(hook.site());
    }

    @Override
    public void accept(CodeBuilder builder, CodeElement element) {
        add(builder, element);
        if (initialisation != null) {
            initialisation.pass(element);
            if (!initialisation.isDone()) {
                closeRange(builder);
            }
        }
    }

    /** Tells whether exceptions are caught. Where a constructor's object is not initialised, the JVM forbids it. */
    private boolean isCovering() {
        return initialisation == null || initialisation.isDone();
    }

    private void add(CodeBuilder builder, CodeElement element) {
        switch (element) {
            case StackMapTableAttribute _ -> {
                // Replaced at the end.
            }
            case LabelTarget label -> {
                builder.with(label);
                int change = caught.getOrDefault(label.label(), 0);
                if (change != 0) {
                    closeRange(builder);
                    depth += change;
                }
            }
            case LocalVariable variable when isFirst(variable.startScope()) -> builder.with(LocalVariable.of(
                    variable.slot(), variable.name(), variable.type(), Objects.requireNonNull(first),
                    variable.endScope()));
            case LocalVariableType variable when isFirst(variable.startScope()) -> builder.with(LocalVariableType.of(
                    variable.slot(), variable.name(), variable.signature(), Objects.requireNonNull(first),
                    variable.endScope()));
            case ReturnInstruction end -> {
                closeRange(builder);
                exit(builder);
                builder.with(end);
            }
            case Instruction instruction -> {
                if (isCovering() && depth == 0 && open == null) {
                    open = builder.newBoundLabel();
                }
                builder.with(instruction);
            }
            default -> builder.with(element);
        }
    }

    private boolean isFirst(Label label) {
        return code.labelToBci(label) == 0;
    }

    private void closeRange(CodeBuilder builder) {
        Label begin = open;
        if (begin != null) {
            ranges.add(begin);
            ranges.add(builder.newBoundLabel());
            open = null;
        }
    }

    private void exit(CodeBuilder builder) {
        if (!hook.hasValues() || result == TypeKind.VOID) {
            end(builder, "exit", List.of());
            return;
        }
        if (result.slotSize() == 2) {
            builder.dup2();
        } else {
            builder.dup();
        }
        end(builder, "result", List.of(type(result)));
    }

    /** Calls the end of the call: with what lies on the stack, the start, and the values. */
    private void end(CodeBuilder builder, String name, List<ClassDesc> stack) {
        List<ClassDesc> types = new ArrayList<>(stack);
        types.add(ConstantDescs.CD_long);
        builder.lload(startSlot);
        for (int i = 0; i < values.size(); i++) {
            types.add(type(values.get(i)));
            builder.loadLocal(values.get(i), copySlots.get(i));
        }
        builder.invokedynamic(site(name, MethodTypeDesc.of(ConstantDescs.CD_void, types)));
    }

    private static ClassDesc type(TypeKind kind) {
        return kind == TypeKind.REFERENCE ? OBJECT : kind.upperBound();
    }

    @Override
    public void atEnd(CodeBuilder builder) {
        closeRange(builder);
        List<StackMapFrameInfo> all = new ArrayList<>();
        for (StackMapFrameInfo frame : frames) {
            all.add(StackMapFrameInfo.of(frame.target(), extended(frame.locals()), frame.stack()));
        }
        if (!ranges.isEmpty()) {
            Label handler = builder.newBoundLabel();
            for (int i = 0; i < ranges.size(); i += 2) {
                builder.exceptionCatchAll(ranges.get(i), ranges.get(i + 1), handler);
            }
            all.add(StackMapFrameInfo.of(handler, extended(List.of()),
                    List.of(ObjectVerificationTypeInfo.of(ConstantDescs.CD_Throwable))));
            if (hook.hasValues()) {
                builder.dup();
                end(builder, "thrown", List.of(ConstantDescs.CD_Throwable));
            } else {
                end(builder, "exit", List.of());
            }
            builder.athrow();
        }
        if (!all.isEmpty()) {
            builder.with(StackMapTableAttribute.of(all));
        }
    }

    /** Returns the types of variables with the added ones. */
    private List<VerificationTypeInfo> extended(List<VerificationTypeInfo> locals) {
        List<VerificationTypeInfo> all = new ArrayList<>(locals);
        int slots = 0;
        for (VerificationTypeInfo local : locals) {
            slots += local == SimpleVerificationTypeInfo.LONG || local == SimpleVerificationTypeInfo.DOUBLE ? 2 : 1;
        }
        for (; slots < startSlot; slots++) {
            all.add(SimpleVerificationTypeInfo.TOP);
        }
        all.add(SimpleVerificationTypeInfo.LONG);
        for (TypeKind kind : values) {
            all.add(switch (kind) {
                case LONG -> SimpleVerificationTypeInfo.LONG;
                case FLOAT -> SimpleVerificationTypeInfo.FLOAT;
                case DOUBLE -> SimpleVerificationTypeInfo.DOUBLE;
                case REFERENCE -> ObjectVerificationTypeInfo.of(OBJECT);
                default -> SimpleVerificationTypeInfo.INTEGER;
            });
        }
        return all;
    }
}
