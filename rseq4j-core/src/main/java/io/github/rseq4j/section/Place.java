package io.github.rseq4j.section;

import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Step;
import org.jspecify.annotations.Nullable;

/**
 * A place in memory that a step accesses, named by registers and a displacement. Immutable.
 *
 * <p>A word of 8 or 4 bytes must lie at a multiple of its size. At another address machine code does not access the
 * word as a whole. On the fallback, and where the steps run one by one (see {@link RestartableSection}), such an access
 * throws {@link IllegalArgumentException}.
 *
 * <p>Addresses are not checked: a wrong one damages memory or ends the JVM. Addresses of {@code PerCpuItems} are valid
 * on restartable sequences and on the fallback. On the fallback a section can reach no other memory.
 *
 * <p>The methods of this class check nothing. The step that uses the place throws {@link IllegalArgumentException} if
 * the place breaks a rule, for example if the displacement is out of range.
 *
 * @since 0.1.0
 */
public final class Place {
    /** The largest displacement in bytes, positive or negative. */
    public static final int MAX_DISPLACEMENT_BYTES = 1 << 15;

    private final Register base;
    private final boolean isPerCpu;
    private final @Nullable Register index;
    private final int scale;
    private final int displacementBytes;

    private Place(Register base, boolean isPerCpu, @Nullable Register index, int scale, int displacementBytes) {
        this.base = base;
        this.isPerCpu = isPerCpu;
        this.index = index;
        this.scale = scale;
        this.displacementBytes = displacementBytes;
    }

    /**
     * Names the current index's copy of a word.
     *
     * @param base holds the address of its copy at index 0
     * @return the place
     */
    public static Place cell(Register base) {
        return cell(base, 0);
    }

    /**
     * Names the current index's copy of a word of an item.
     *
     * @param base holds the address of the item's copy at index 0
     * @param displacementBytes the offset of the word in the item, at most {@link #MAX_DISPLACEMENT_BYTES}
     * @return the place
     */
    public static Place cell(Register base, int displacementBytes) {
        return new Place(base, true, null, 1, displacementBytes);
    }

    /**
     * Names the current index's copy of an array's element.
     *
     * @param base holds the address of the item's copy at index 0
     * @param displacementBytes the offset of the array in the item, at most {@link #MAX_DISPLACEMENT_BYTES}
     * @param index holds the element's number
     * @param scale the size of an element in bytes, by which the number is multiplied: 1, 2, 4 or 8
     * @return the place
     */
    public static Place element(Register base, int displacementBytes, Register index, int scale) {
        return new Place(base, true, index, scale, displacementBytes);
    }

    /**
     * Names a place that has one copy only: memory that a loaded word points to, or memory of the calling thread. A
     * section keeps other threads out of such a place only if they reach it through a word of the same index.
     *
     * @param base holds an address
     * @param displacementBytes the number of bytes that is added to it, of either sign, at most
     *     {@link #MAX_DISPLACEMENT_BYTES}
     * @return the place
     */
    public static Place at(Register base, int displacementBytes) {
        return new Place(base, false, null, 1, displacementBytes);
    }

    /** Returns the register that holds the address. */
    Register base() {
        return base;
    }

    /** Tells whether the slot is added to the address. */
    boolean isPerCpu() {
        return isPerCpu;
    }

    /** Returns the register that holds an element's number, or null. */
    @Nullable Register index() {
        return index;
    }

    int scale() {
        return scale;
    }

    int displacementBytes() {
        return displacementBytes;
    }

    /** Returns the place of the same registers to which no slot is added. */
    Place withoutSlot() {
        return new Place(base, false, index, scale, displacementBytes);
    }

    /** Returns the rule about places that the step breaks, or null. */
    static @Nullable String brokenRule(Step step) {
        Mem mem = step.memory();
        if (mem == null) {
            return null;
        }
        if (Math.abs((long) mem.displacementBytes()) > MAX_DISPLACEMENT_BYTES) {
            return "a displacement is -" + MAX_DISPLACEMENT_BYTES + " to " + MAX_DISPLACEMENT_BYTES + " bytes";
        }
        int bytes = switch (step) {
            case Step.Load load -> load.width().bytes();
            case Step.Store store -> store.width().bytes();
            case Step.Commit commit -> commit.bytes();
            case Step.Copy _, Step.Address _ -> 1;
            // They name no place.
            case Step.Arithmetic _, Step.Move _, Step.Timestamp _, Bucket _, Step.ExitIf _, Step.Delay _ -> 1;
        };
        // An index that is multiplied by 1 or 2 is an offset in bytes or halves, which is itself aligned.
        boolean isAligned = mem.displacementBytes() % bytes == 0 && (mem.scale() < Integer.BYTES || mem.index() == null
                || mem.scale() % bytes == 0);
        return isAligned ? null : "a word of " + bytes + " bytes lies at a multiple of them";
    }

    /** {@return the place in the form that messages use: {@code [a0 + slot + 8]}, where slot stands for the index} */
    @Override
    public String toString() {
        Names names = Register::reg;
        return names.of(this).toString();
    }
}
