package io.github.rseq4j.machine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An instruction before it is placed.
 *
 * @param text its assembly, in the syntax of GNU as
 * @param effect its effect
 * @param stack its change of the stack, or null
 * @param target its target, or null
 * @param bound the most times that a backward branch is taken in one run of the function; 0 for others
 * @param forms its encodings, shortest first; the first one that reaches the target is used
 */
public record Insn(String text, Effect effect, @Nullable StackChange stack, @Nullable Label target,
                   int bound, List<Form> forms) {
    /** One way to encode the instruction. */
    public interface Form {
        /** Returns its size, in bytes. */
        int sizeBytes();

        /**
         * Tells whether the target can be encoded.
         *
         * @param distanceBytes the distance from the instruction's first byte to the target
         */
        boolean reaches(long distanceBytes);

        /**
         * Returns the bytes.
         *
         * @param distanceBytes the distance from the instruction's first byte to the target
         */
        byte[] encode(long distanceBytes);
    }

    /**
     * An encoding that refers to no label.
     *
     * @param bytes the encoding
     */
    private record Fixed(byte[] bytes) implements Form {
        @Override
        public int sizeBytes() {
            return bytes.length;
        }

        @Override
        public boolean reaches(long distanceBytes) {
            return true;
        }

        @Override
        public byte[] encode(long distanceBytes) {
            return bytes.clone();
        }
    }

    /** Copies the forms. */
    public Insn {
        forms = List.copyOf(forms);
    }

    /**
     * Creates an instruction that does not change the stack.
     *
     * @param text its assembly
     * @param effect its effect
     * @param target its target, or null
     * @param bound the most times that a backward branch is taken
     * @param forms its encodings, shortest first
     */
    public Insn(String text, Effect effect, @Nullable Label target, int bound, List<Form> forms) {
        this(text, effect, null, target, bound, forms);
    }

    /**
     * Creates an instruction without a target.
     *
     * @param text its assembly
     * @param bytes its encoding
     */
    public static Insn of(String text, byte[] bytes) {
        return new Insn(text, Effect.COMPUTE, null, 0, List.of(new Fixed(bytes)));
    }

    /**
     * Returns the same instruction with another effect.
     *
     * @param other the effect
     */
    public Insn with(Effect other) {
        return new Insn(text, other, stack, target, bound, forms);
    }

    /**
     * Returns the same instruction with another change of the stack.
     *
     * @param change the change, or null
     */
    public Insn with(@Nullable StackChange change) {
        return new Insn(text, effect, change, target, bound, forms);
    }

    /**
     * Returns the same branch with a bound for backward branches.
     *
     * @param times the most times that it is taken
     */
    public Insn bounded(int times) {
        return new Insn(text, effect, stack, target, times, forms);
    }
}
