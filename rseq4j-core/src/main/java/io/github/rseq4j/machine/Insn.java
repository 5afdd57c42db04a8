package io.github.rseq4j.machine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One instruction, not yet placed.
 *
 * @param text its assembly, as GNU as reads it
 * @param effect what it does
 * @param stack what it does to the stack, or null: nothing
 * @param target the label it refers to, or null
 * @param bound for a backward branch, how often it is taken at most in one run of the function; else 0
 * @param forms its encodings, shortest first; the first that reaches the target is used
 */
public record Insn(String text, Effect effect, @Nullable StackChange stack, @Nullable Label target,
                   int bound, List<Form> forms) {
    /** One way to encode the instruction. */
    public interface Form {
        /** Returns its size. */
        int sizeBytes();

        /**
         * Tells whether the target can be encoded.
         *
         * @param distanceBytes from the instruction's first byte to the target
         */
        boolean reaches(long distanceBytes);

        /**
         * Returns the bytes.
         *
         * @param distanceBytes from the instruction's first byte to the target
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

    /** Makes an instruction; its forms are not changed later. */
    public Insn {
        forms = List.copyOf(forms);
    }

    /**
     * Makes an instruction that leaves the stack pointer alone.
     *
     * @param text its assembly
     * @param effect what it does
     * @param target the label it refers to, or null
     * @param bound for a backward branch, how often it is taken at most
     * @param forms its encodings, shortest first
     */
    public Insn(String text, Effect effect, @Nullable Label target, int bound, List<Form> forms) {
        this(text, effect, null, target, bound, forms);
    }

    /**
     * Makes an instruction that refers to no label.
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
     * Returns the same branch, taken backward so often at most.
     *
     * @param times how often
     */
    public Insn bounded(int times) {
        return new Insn(text, effect, stack, target, times, forms);
    }
}
