package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Encodes the fields of a record. Values are those of {@link TraceEvent#values()}, or constants of enumerations. */
final class RecordEncoder {
    private RecordEncoder() {}

    /**
     * Encodes fields.
     *
     * @param type the type of the event
     * @param values the values of the fields
     * @param record the target, little endian; fields are written from its position on
     * @throws IllegalArgumentException if a value does not have the type of its field
     * @throws java.nio.BufferOverflowException if the target is too small
     */
    static void encode(EventType type, @Nullable Object[] values, ByteBuffer record) {
        if (values.length != type.fields().size()) {
            throw new IllegalArgumentException("values=" + values.length + ": event " + type.name() + " has "
                    + type.fields().size() + " fields");
        }
        for (int i = 0; i < values.length; i++) {
            EventType.Field field = type.fields().get(i);
            try {
                switch (field.type()) {
                    case FieldType.Basic basic when basic.isVarying() -> varying(basic, values[i], record);
                    case FieldType.Basic basic -> primitive(basic, values[i], record);
                    case FieldType.Enumeration enumeration -> record.putInt(ordinal(enumeration, values[i]));
                }
            } catch (ClassCastException | NullPointerException _) {
                throw new IllegalArgumentException(field.name() + "=" + values[i] + ": is no value of type "
                        + field.type());
            }
        }
    }

    @SuppressWarnings("NullAway") // The callers refuse null for these types.
    private static void primitive(FieldType.Basic type, @Nullable Object value, ByteBuffer record) {
        switch (type) {
            case BOOLEAN -> record.put((byte) ((Boolean) value ? 1 : 0));
            case BYTE -> record.put((Byte) value);
            case SHORT -> record.putShort((Short) value);
            case CHAR -> record.putChar((Character) value);
            case INT -> record.putInt((Integer) value);
            case LONG -> record.putLong((Long) value);
            case FLOAT -> record.putInt(Float.floatToRawIntBits((Float) value));
            case DOUBLE -> record.putLong(Double.doubleToRawLongBits((Double) value));
            default -> throw new IllegalArgumentException("type=" + type);
        }
    }

    private static void varying(FieldType.Basic type, @Nullable Object value, ByteBuffer record) {
        byte[] bytes = switch (value) {
            case null -> new byte[0];
            case Truncated truncated -> truncated.recorded();
            default -> type == FieldType.Basic.BYTES ? (byte[]) value
                    : ((String) value).getBytes(StandardCharsets.UTF_8);
        };
        record.putInt(value == null ? PacketLayout.NULL_LENGTH
                : value instanceof Truncated truncated ? (int) truncated.lengthBytes() : bytes.length);
        record.putInt(bytes.length).put(bytes);
    }

    private static int ordinal(FieldType.Enumeration type, @Nullable Object value) {
        int ordinal = switch (value) {
            case null -> PacketLayout.NULL_ORDINAL;
            case Integer number -> number;
            case Enum<?> constant -> type.labels().indexOf(constant.name());
            default -> type.labels().indexOf((String) value);
        };
        if (ordinal < 0 && value != null && !(value instanceof Integer)) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "value=%s: is none of %s", value,
                    type.labels()));
        }
        return ordinal;
    }
}
