package io.github.rseq4j.trace.probe;

import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.EventSink;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;
import java.util.List;

/** Writes the code that records one event from the method's arguments. */
public final class ProbeBody {
    /* How it works
     *
     * If all fields are of constant length and have at most 64 bytes, the code packs them into words by shifts, and
     * passes the words as arguments:
     *
     *   sink.record2(16 + 9, id, a & 0xFFFFFFFFL | (long) b << 32, (long) b >>> 32 | ...);
     *
     * A field that crosses the border of two words is in both. In all other cases the code writes the fields to an
     * array. The offsets are constant up to the first field of varying length:
     *
     *   byte[] to = scratch.take();
     *   FieldBytes.putLong(to, 0, a);
     *   int at = FieldBytes.putText(to, 8, limit, text);     // the limit leaves room for the fields after it
     *   FieldBytes.putInt(to, at + 0, b);
     *   sink.recordBytes(id, to, at + 4);
     *   scratch.give(to);
     */
    /** The largest size of fields that are passed in words. */
    public static final int MAX_WORDS_BYTES = 8 * Long.BYTES;

    private static final int MAX_ODD_WORDS = 4;
    private static final ClassDesc CD_FLOAT_BOX = ClassDesc.of("java.lang.Float");
    private static final ClassDesc CD_DOUBLE_BOX = ClassDesc.of("java.lang.Double");
    private static final int NO_LOCAL = -1;

    private final CodeBuilder code;
    private final ProbeCalls calls;
    private final EventSink sink;
    private final Scratch scratch;
    private final EventType type;
    /** The local variable and the constant whose sum is the offset of the next field. */
    private int atLocal = NO_LOCAL;
    private int atBytes;

    ProbeBody(CodeBuilder code, ProbeCalls calls, EventSink sink, Scratch scratch, EventType type) {
        this.code = code;
        this.calls = calls;
        this.sink = sink;
        this.scratch = scratch;
        this.type = type;
    }

    private static boolean isVarying(FieldType field) {
        return field instanceof FieldType.Basic basic && basic.isVarying();
    }

    /**
     * Writes the code.
     *
     * @param maxFieldBytes the largest size of a record's fields
     */
    void write(int maxFieldBytes) {
        int fieldBytes = type.minimumBytes() - PacketLayout.RECORD_FIELDS;
        if (fieldBytes > MAX_WORDS_BYTES || type.fields().stream().anyMatch(field -> isVarying(field.type()))) {
            bytes(maxFieldBytes);
        } else {
            words(fieldBytes);
        }
    }

    private void words(int fieldBytes) {
        int needed = Math.max(1, (fieldBytes + Long.BYTES - 1) / Long.BYTES);
        int words = needed <= MAX_ODD_WORDS ? needed : MAX_WORDS_BYTES / Long.BYTES;
        Class<?>[] parameters = new Class<?>[2 + words];
        Arrays.fill(parameters, long.class);
        parameters[0] = int.class;
        parameters[1] = int.class;
        ProbeCalls.Call record = calls.shared(sink, "record" + words, void.class, parameters);
        record.begin(code);
        code.loadConstant(type.minimumBytes()).loadConstant(type.id());
        for (int word = 0; word < words; word++) {
            word(word * Long.BYTES);
        }
        record.end(code);
    }

    /** Pushes the word that has the fields' bytes from an offset on. */
    private void word(int start) {
        boolean isEmpty = true;
        int at = 0;
        for (int i = 0; i < type.fields().size(); i++) {
            FieldType field = type.fields().get(i).type();
            int end = at + field.minimumBytes();
            if (at < start + Long.BYTES && end > start) {
                unsigned(i, field);
                if (at > start) {
                    code.loadConstant((at - start) * Byte.SIZE).lshl();
                } else if (at < start) {
                    code.loadConstant((start - at) * Byte.SIZE).lushr();
                }
                if (!isEmpty) {
                    code.lor();
                }
                isEmpty = false;
            }
            at = end;
        }
        if (isEmpty) {
            code.lconst_0();
        }
    }

    /** Pushes a field's bits as a long whose upper bits are zeros. */
    private void unsigned(int index, FieldType field) {
        raw(index, field);
        if (field.minimumBytes() < Long.BYTES) {
            // A boolean is one bit. Bytecode that was not compiled from Java may pass other values.
            long mask = field == FieldType.Basic.BOOLEAN ? 1 : (1L << field.minimumBytes() * Byte.SIZE) - 1;
            code.i2l().loadConstant(mask).land();
        }
    }

    /** Pushes a field's bits: a long for a field of 8 bytes, else an int. */
    private void raw(int index, FieldType field) {
        int slot = code.parameterSlot(index);
        switch (field) {
            case FieldType.Basic.FLOAT -> code.fload(slot).invokestatic(CD_FLOAT_BOX, "floatToRawIntBits",
                    MethodTypeDesc.of(CD_int, CD_float));
            case FieldType.Basic.DOUBLE -> code.dload(slot).invokestatic(CD_DOUBLE_BOX, "doubleToRawLongBits",
                    MethodTypeDesc.of(CD_long, CD_double));
            case FieldType.Basic.LONG -> code.lload(slot);
            case FieldType.Enumeration _ -> {
                ProbeCalls.Call ordinal = calls.field("ordinal", int.class, Enum.class);
                ordinal.begin(code);
                code.aload(slot);
                ordinal.end(code);
            }
            default -> code.iload(slot);
        }
    }

    private void bytes(int maxFieldBytes) {
        int array = code.allocateLocal(TypeKind.REFERENCE);
        int local = code.allocateLocal(TypeKind.INT);
        ProbeCalls.Call take = calls.shared(scratch, "take", byte[].class);
        take.begin(code);
        take.end(code);
        code.astore(array);
        List<EventType.Field> fields = type.fields();
        int limit = maxFieldBytes - type.minimumBytes() + PacketLayout.RECORD_FIELDS;
        for (int i = 0; i < fields.size(); i++) {
            FieldType field = fields.get(i).type();
            limit += field.minimumBytes();
            if (isVarying(field)) {
                varying(i, field, array, limit);
                code.istore(local);
                atLocal = local;
                atBytes = 0;
            } else {
                constant(i, field, array);
                atBytes += field.minimumBytes();
            }
        }
        ProbeCalls.Call record = calls.shared(sink, "recordBytes", void.class, int.class, byte[].class, int.class);
        record.begin(code);
        code.loadConstant(type.id()).aload(array);
        at();
        record.end(code);
        ProbeCalls.Call give = calls.shared(scratch, "give", void.class, byte[].class);
        give.begin(code);
        code.aload(array);
        give.end(code);
    }

    private void at() {
        if (atLocal == NO_LOCAL) {
            code.loadConstant(atBytes);
        } else {
            code.iload(atLocal);
            if (atBytes > 0) {
                code.loadConstant(atBytes).iadd();
            }
        }
    }

    private void varying(int index, FieldType field, int array, int limit) {
        ProbeCalls.Call put = field == FieldType.Basic.STRING
                ? calls.field("putText", int.class, byte[].class, int.class, int.class, String.class)
                : calls.field("putBytes", int.class, byte[].class, int.class, int.class, byte[].class);
        put.begin(code);
        code.aload(array);
        at();
        code.loadConstant(limit).aload(code.parameterSlot(index));
        put.end(code);
    }

    private void constant(int index, FieldType field, int array) {
        ProbeCalls.Call put = switch (field.minimumBytes()) {
            case Byte.BYTES -> calls.field("putByte", void.class, byte[].class, int.class, int.class);
            case Short.BYTES -> calls.field("putShort", void.class, byte[].class, int.class, int.class);
            case Integer.BYTES -> calls.field("putInt", void.class, byte[].class, int.class, int.class);
            default -> calls.field("putLong", void.class, byte[].class, int.class, long.class);
        };
        put.begin(code);
        code.aload(array);
        at();
        raw(index, field);
        if (field == FieldType.Basic.BOOLEAN) {
            code.iconst_1().iand();
        }
        put.end(code);
    }
}
