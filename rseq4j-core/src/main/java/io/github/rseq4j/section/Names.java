package io.github.rseq4j.section;

import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;

/** Names the registers of a step that is made: by their numbers in the draft, or by the machine's temporaries. */
@FunctionalInterface
interface Names {
    /**
     * Returns the name of a register.
     *
     * @param register an argument or a temporary
     */
    Reg of(Register register);

    /**
     * Returns a register's name, or a constant.
     *
     * @param value the register or constant
     */
    default Operand of(Value value) {
        return switch (value) {
            case Register register -> of(register);
            case Value.Constant(long number) -> Operand.imm(number);
        };
    }

    /**
     * Returns a place by the names of its registers.
     *
     * @param place the place
     */
    default Mem of(Place place) {
        Register index = place.index();
        return new Mem(of(place.base()), place.isPerCpu(), index == null ? null : of(index), place.scale(),
                place.displacementBytes());
    }
}
