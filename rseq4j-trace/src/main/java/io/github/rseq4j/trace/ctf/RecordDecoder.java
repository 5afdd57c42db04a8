package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decodes one record of a file. Malformed bytes are refused with their offset. */
final class RecordDecoder {
    private final StreamFile file;
    private final long start;
    /** The offset in the file at which the record must have ended. */
    private final long limit;
    private long next;

    /**
     * Creates a decoder of one record.
     *
     * @param file the file
     * @param start the offset of the record in the file
     * @param limit the offset after the last byte that can belong to the record
     */
    RecordDecoder(StreamFile file, long start, long limit) {
        this.file = file;
        this.start = start;
        this.limit = Math.min(limit, start + PacketLayout.MAX_RECORD_BYTES);
        this.next = start;
    }

    /** Thrown if the bytes are not a record. */
    static final class Damaged extends Exception {
        private static final long serialVersionUID = 1L;
        private final long offset;

        Damaged(long offset, String message) {
            // No stack trace, because a damaged file can throw millions of these.
            super(message, null, false, false);
            this.offset = offset;
        }

        long offset() {
            return offset;
        }
    }

    /** Returns the offset after the last byte that was read. */
    long end() {
        return next;
    }

    private ByteBuffer take(int bytes, String what) throws IOException, Damaged {
        if (bytes > limit - next) {
            throw new Damaged(start, "record: " + what + " of " + bytes + " bytes at offset " + next
                    + " is beyond the content, which ends at " + limit);
        }
        // The window starts at the record, so it moves once for each record and not for each field.
        ByteBuffer window = file.at(start, (int) (next - start) + bytes);
        if (window.remaining() < next - start + bytes) {
            throw new Damaged(start, "record: the file ends within it");
        }
        window.position(window.position() + (int) (next - start));
        next += bytes;
        return window;
    }

    /** Returns the first word of the header. */
    long header() throws IOException, Damaged {
        return take(Long.BYTES, "header").getLong();
    }

    /** Returns the time in a header whose first word was read. */
    long time(long word, long before) throws IOException, Damaged {
        return PacketLayout.isFull(word) ? take(Long.BYTES, "timestamp").getLong() : PacketLayout.time(word, before);
    }

    /** Returns the last word of the header whose first word and time were read; of a compact header the only one. */
    long numbers(long word) throws IOException, Damaged {
        return PacketLayout.isFull(word) ? take(Long.BYTES, "event and thread").getLong() : word;
    }

    /** Returns the values of an event's fields. */
    List<@Nullable Object> fields(EventType type) throws IOException, Damaged {
        @Nullable Object[] values = new Object[type.fields().size()];
        for (int i = 0; i < values.length; i++) {
            EventType.Field field = type.fields().get(i);
            values[i] = switch (field.type()) {
                case FieldType.Basic basic when basic.isVarying() -> varying(field.name(), basic);
                case FieldType.Basic basic -> primitive(field.name(), basic);
                case FieldType.Enumeration enumeration -> constant(field.name(), enumeration);
            };
        }
        return Arrays.asList(values);
    }

    private Object primitive(String name, FieldType.Basic type) throws IOException, Damaged {
        ByteBuffer bytes = take(type.minimumBytes(), name);
        return switch (type) {
            case BOOLEAN -> {
                byte value = bytes.get();
                if (value < 0 || value > 1) {
                    throw new Damaged(next - 1, "record: " + name + " is no boolean, it is " + (value & 0xFF));
                }
                yield value == 1;
            }
            case BYTE -> bytes.get();
            case SHORT -> bytes.getShort();
            case CHAR -> bytes.getChar();
            case INT -> bytes.getInt();
            case LONG -> bytes.getLong();
            case FLOAT -> Float.intBitsToFloat(bytes.getInt());
            case DOUBLE -> Double.longBitsToDouble(bytes.getLong());
            default -> throw new IllegalStateException("type=" + type);
        };
    }

    private @Nullable Object constant(String name, FieldType.Enumeration type) throws IOException, Damaged {
        int ordinal = take(Integer.BYTES, name).getInt();
        if (ordinal == PacketLayout.NULL_ORDINAL) {
            return null;
        }
        return ordinal >= 0 && ordinal < type.labels().size() ? (Object) type.labels().get(ordinal)
                : (Object) ordinal;
    }

    private @Nullable Object varying(String name, FieldType.Basic type) throws IOException, Damaged {
        ByteBuffer lengths = take(PacketLayout.LENGTHS_BYTES, name);
        int whole = lengths.getInt();
        int recorded = lengths.getInt();
        boolean isNull = whole == PacketLayout.NULL_LENGTH;
        if (recorded < 0 || (isNull ? recorded != 0 : Integer.compareUnsigned(recorded, whole) > 0)) {
            throw new Damaged(next - PacketLayout.LENGTHS_BYTES, "record: " + name + " has "
                    + Integer.toUnsignedString(recorded) + " of " + Integer.toUnsignedString(whole) + " bytes");
        }
        if (isNull) {
            return null;
        }
        ByteBuffer content = take(recorded, name);
        byte[] bytes = new byte[recorded];
        content.get(bytes);
        if (recorded != whole) {
            return new Truncated(bytes, Integer.toUnsignedLong(whole));
        }
        return type == FieldType.Basic.BYTES ? (Object) bytes : (Object) new String(bytes, StandardCharsets.UTF_8);
    }
}
