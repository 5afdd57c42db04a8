package io.github.rseq4j.ir;

import io.github.rseq4j.ir.Operand.Reg;
import org.jspecify.annotations.Nullable;

/**
 * A place in memory.
 *
 * @param base holds an address
 * @param perCpu whether the current index's multiple of the stride is added: the base is then the address at index 0
 * @param index a register whose multiple is added, or null
 * @param scale the factor of the index register: 1, 2, 4 or 8
 * @param displacementBytes a constant that is added
 */
public record Mem(Reg base, boolean perCpu, @Nullable Reg index, int scale, int displacementBytes) {
    /**
     * The current index's copy of a cell.
     *
     * @param base the cell's address at index 0
     */
    public static Mem cell(Reg base) {
        return new Mem(base, true, null, 1, 0);
    }

    /**
     * The current index's copy of a word at a distance from a cell.
     *
     * @param base the cell's address at index 0
     * @param displacementBytes the distance
     */
    public static Mem cell(Reg base, int displacementBytes) {
        return new Mem(base, true, null, 1, displacementBytes);
    }

    /**
     * The current index's copy of an array's element.
     *
     * @param base the array's address at index 0
     * @param displacementBytes where the array starts, from there
     * @param index the element's number
     * @param scale the element's size in bytes
     */
    public static Mem element(Reg base, int displacementBytes, Reg index, int scale) {
        return new Mem(base, true, index, scale, displacementBytes);
    }

    /**
     * A place that does not depend on the index: memory of the caller, or memory at an address that was loaded.
     *
     * @param base holds an address
     * @param displacementBytes a constant that is added
     */
    public static Mem at(Reg base, int displacementBytes) {
        return new Mem(base, false, null, 1, displacementBytes);
    }

    /**
     * Returns the place at a distance from this one.
     *
     * @param bytes the distance
     */
    public Mem plus(int bytes) {
        return new Mem(base, perCpu, index, scale, displacementBytes + bytes);
    }

    /**
     * Tells whether two places of the same registers overlap. For other places it returns false.
     *
     * @param lengthBytes the number of bytes at this place
     * @param other the other place
     * @param otherBytes the number of bytes at the other place
     */
    boolean overlaps(int lengthBytes, Mem other, int otherBytes) {
        boolean sameRegisters = base.equals(other.base) && perCpu == other.perCpu
                && (index == null ? other.index == null : index.equals(other.index) && scale == other.scale);
        return sameRegisters && displacementBytes < (long) other.displacementBytes + otherBytes
                && other.displacementBytes < (long) displacementBytes + lengthBytes;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[").append(base);
        if (perCpu) {
            text.append(" + slot");
        }
        if (index != null) {
            text.append(" + ").append(index).append('*').append(scale);
        }
        if (displacementBytes != 0) {
            text.append(displacementBytes < 0 ? " - " : " + ").append(Math.abs((long) displacementBytes));
        }
        return text.append(']').toString();
    }
}
