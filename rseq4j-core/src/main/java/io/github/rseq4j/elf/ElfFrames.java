package io.github.rseq4j.elf;

import io.github.rseq4j.machine.CallFrames;
import io.github.rseq4j.machine.Lowering;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.TreeSet;

/**
 * Writes the tables of frames with which unwinders find callers: {@code .eh_frame} and {@code .eh_frame_hdr}. After the
 * Linux Standard Base, core, 10.6, "Exception Frames", and DWARF 5, chapter 6.4.
 */
final class ElfFrames {
    /* How it works
     *
     *   | state after a call (CIE) | a function (FDE) | ... | 0 |      .eh_frame
     *   | its address | number of functions | address, FDE | ... |     .eh_frame_hdr, sorted for a binary search
     *
     * An address is stored as the distance from its own place (in the header's table: from the header), so no address
     * needs a relocation.
     */
    private static final int WORD_BYTES = 8;
    private static final int HEADER_BYTES = 12;
    private static final int ENTRY_BYTES = 8;
    /** DW_EH_PE_: relative to the place, signed 4 bytes; 4 bytes; relative to the header, signed 4 bytes. */
    private static final int FROM_HERE = 0x1B;
    private static final int UNSIGNED = 0x03;
    private static final int FROM_HEADER = 0x3B;
    /** The data alignment factor: offsets from the caller's frame are multiples of it. */
    private static final int DATA_BYTES = -8;

    private static final int ADVANCE = 0x40;
    private static final int ADVANCE_1 = 0x02;
    private static final int ADVANCE_2 = 0x03;
    private static final int ADVANCE_4 = 0x04;
    private static final int OFFSET = 0x80;
    private static final int RESTORE = 0xC0;
    private static final int DEFINE = 0x0C;
    private static final int DEFINE_REGISTER = 0x0D;
    private static final int DEFINE_OFFSET = 0x0E;
    /** The operand inside the byte of an operation: a distance, or a register. */
    private static final int INLINE = 0x3F;

    private final Lowering.Dwarf dwarf;
    private final List<CallFrames.Function> functions;
    private final int[] places;

    /**
     * Creates the tables.
     *
     * @param functions the functions, in the order of their addresses
     * @param dwarf the architecture's DWARF numbers
     */
    ElfFrames(List<CallFrames.Function> functions, Lowering.Dwarf dwarf) {
        this.functions = functions;
        this.dwarf = dwarf;
        this.places = new int[functions.size()];
    }

    int headerBytes() {
        return HEADER_BYTES + functions.size() * ENTRY_BYTES;
    }

    /** Writes .eh_frame; its size does not depend on where it is. */
    byte[] table(int address) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        record(out, 0, calledFrame());
        for (int i = 0; i < functions.size(); i++) {
            CallFrames.Function function = functions.get(i);
            places[i] = out.size();
            int here = address + out.size() + 2 * Integer.BYTES;
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            int32(body, function.start() - here);
            int32(body, function.end() - function.start());
            unsigned(body, 0);
            rows(body, function);
            record(out, out.size() + Integer.BYTES, body.toByteArray());
        }
        int32(out, 0);
        return out.toByteArray();
    }

    /** Writes .eh_frame_hdr, after .eh_frame. */
    byte[] header(int address, int table) {
        ByteBuffer out = ByteBuffer.allocate(headerBytes()).order(ByteOrder.LITTLE_ENDIAN);
        out.put((byte) 1).put((byte) FROM_HERE).put((byte) UNSIGNED).put((byte) FROM_HEADER);
        out.putInt(table - (address + out.position())).putInt(functions.size());
        for (int i = 0; i < functions.size(); i++) {
            out.putInt(functions.get(i).start() - address).putInt(table + places[i] - address);
        }
        return out.array();
    }

    /** Writes an entry: its length, the distance back to its CIE (0 for a CIE), its content, padding of DW_CFA_nop. */
    private static void record(ByteArrayOutputStream out, int back, byte[] body) {
        int padding = Math.floorMod(-(2 * Integer.BYTES + body.length), WORD_BYTES);
        int32(out, Integer.BYTES + body.length + padding);
        int32(out, back);
        out.writeBytes(body);
        out.writeBytes(new byte[padding]);
    }

    private byte[] calledFrame() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(1);
        out.writeBytes(new byte[] {'z', 'R', 0});
        unsigned(out, dwarf.instructionBytes());
        // DATA_BYTES as a signed LEB128 number.
        out.write(DATA_BYTES & 0x7F);
        out.write(dwarf.returnAddress());
        unsigned(out, 1);
        out.write(FROM_HERE);
        out.write(DEFINE);
        unsigned(out, dwarf.stackPointer());
        unsigned(out, dwarf.calledBytes());
        if (dwarf.calledBytes() > 0) {
            offset(out, dwarf.returnAddress(), dwarf.calledBytes());
        }
        return out.toByteArray();
    }

    private void rows(ByteArrayOutputStream out, CallFrames.Function function) {
        int at = function.start();
        CallFrames.Row before = new CallFrames.Row(at, dwarf.stackPointer(), dwarf.calledBytes(),
                dwarf.calledSaves());
        for (CallFrames.Row row : function.rows()) {
            advance(out, (row.offset() - at) / dwarf.instructionBytes());
            at = row.offset();
            if (row.register() != before.register()) {
                out.write(row.bytes() == before.bytes() ? DEFINE_REGISTER : DEFINE);
                unsigned(out, row.register());
            } else if (row.bytes() != before.bytes()) {
                out.write(DEFINE_OFFSET);
            }
            if (row.bytes() != before.bytes()) {
                unsigned(out, row.bytes());
            }
            TreeSet<Integer> registers = new TreeSet<>(before.saved().keySet());
            registers.addAll(row.saved().keySet());
            for (int register : registers) {
                Integer bytes = row.saved().get(register);
                if (bytes == null) {
                    out.write(RESTORE | register);
                } else if (!bytes.equals(before.saved().get(register))) {
                    offset(out, register, bytes);
                }
            }
            before = row;
        }
    }

    private static void offset(ByteArrayOutputStream out, int register, int bytes) {
        out.write(OFFSET | register);
        unsigned(out, bytes / -DATA_BYTES);
    }

    private static void advance(ByteArrayOutputStream out, int units) {
        if (units == 0) {
            return;
        }
        if (units <= INLINE) {
            out.write(ADVANCE | units);
        } else if (units <= 0xFF) {
            out.write(ADVANCE_1);
            out.write(units);
        } else if (units <= 0xFFFF) {
            out.write(ADVANCE_2);
            out.write(units);
            out.write(units >> 8);
        } else {
            out.write(ADVANCE_4);
            int32(out, units);
        }
    }

    /** Writes an unsigned LEB128 number. */
    private static void unsigned(ByteArrayOutputStream out, int value) {
        int rest = value;
        while (rest > 0x7F) {
            out.write(rest & 0x7F | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }

    private static void int32(ByteArrayOutputStream out, int value) {
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            out.write(value >> shift);
        }
    }
}
