package io.github.rseq4j.agent.code;

import java.lang.classfile.Attributes;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.attribute.StackMapFrameInfo;
import java.lang.classfile.attribute.StackMapFrameInfo.SimpleVerificationTypeInfo;
import java.lang.classfile.attribute.StackMapFrameInfo.UninitializedVerificationTypeInfo;
import java.lang.classfile.attribute.StackMapTableAttribute;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.constant.ConstantDescs;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Follows the code of a constructor, and tells where its object is initialised. Not for use by several threads. */
final class Initialisation {
    /* How it works
     *
     * A constructor may call others in several places, each on a way of its own: Groovy's choose by the types of the
     * arguments. At a frame of the verifier, the frame tells whether the object is initialised, and which other objects
     * are not. Between two frames the code has no branches that meet. There a constructor that is called belongs to an
     * object that "new" has made since, or that the frame has; if there is none, it belongs to the object itself.
     *
     * If an object that "new" has made is dropped, the call of the object's own constructor is not seen: the object
     * counts as not initialised up to the next frame.
     */
    private final Map<Label, StackMapFrameInfo> frames = new HashMap<>();
    private boolean isDone;
    private int others;

    /**
     * Begins before the first instruction.
     *
     * @param code the code of the constructor
     */
    Initialisation(CodeAttribute code) {
        code.findAttribute(Attributes.stackMapTable()).map(StackMapTableAttribute::entries)
                .ifPresent(all -> all.forEach(frame -> frames.put(frame.target(), frame)));
    }

    /** Tells whether a constructor calls another one on its object. */
    static boolean isIn(CodeAttribute code) {
        Initialisation followed = new Initialisation(code);
        for (CodeElement element : code) {
            followed.pass(element);
            if (element instanceof InvokeInstruction && followed.isDone()) {
                return true;
            }
        }
        return false;
    }

    /** Tells whether the object is initialised after the elements that were passed. */
    boolean isDone() {
        return isDone;
    }

    /** Passes the next element of the code. */
    void pass(CodeElement element) {
        switch (element) {
            case LabelTarget label -> {
                StackMapFrameInfo frame = frames.get(label.label());
                if (frame != null) {
                    isDone = !frame.locals().contains(SimpleVerificationTypeInfo.UNINITIALIZED_THIS);
                    others = others(frame);
                }
            }
            case NewObjectInstruction _ -> others++;
            case InvokeInstruction call when call.opcode() == Opcode.INVOKESPECIAL
                    && call.name().equalsString(ConstantDescs.INIT_NAME) -> {
                isDone |= others == 0;
                others = Math.max(0, others - 1);
            }
            default -> {
                // Changes nothing.
            }
        }
    }

    private static int others(StackMapFrameInfo frame) {
        Set<Label> made = new HashSet<>();
        Stream.concat(frame.locals().stream(), frame.stack().stream()).forEach(each -> {
            if (each instanceof UninitializedVerificationTypeInfo other) {
                made.add(other.newTarget());
            }
        });
        return made.size();
    }
}
