package io.github.rseq4j.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Instructions and labels get their offsets, on every architecture. */
final class CodeBufferTest {
    /** An instruction of one byte that reaches one byte, or of three that reaches ten. */
    private static Insn branch(Label to) {
        return new Insn("branch " + to, Effect.BRANCH, to, 0, List.of(new Reaching(1, 1), new Reaching(3, 10)));
    }

    private static Insn pad() {
        return Insn.of("pad", new byte[] {0});
    }

    private record Reaching(int sizeBytes, int reachBytes) implements Insn.Form {
        @Override
        public boolean reaches(long distanceBytes) {
            return Math.abs(distanceBytes) <= reachBytes;
        }

        @Override
        public byte[] encode(long distanceBytes) {
            byte[] bytes = new byte[sizeBytes];
            bytes[0] = (byte) distanceBytes;
            return bytes;
        }
    }

    private final CodeBuffer buffer = new CodeBuffer();
    private final Label label = new Label("label");

    @Test
    void usesTheShortFormWhereItReaches() {
        buffer.emit(branch(label));
        buffer.bind(label);
        Map<Label, Long> labels = new HashMap<>();
        List<CodeBuffer.Placed> placed = buffer.place(64, labels);
        assertEquals(List.of(64, 65L, 65), List.of(placed.getFirst().offset(), placed.getFirst().target(),
                placed.getFirst().end()));
        assertEquals(Map.of(label, 65L), labels);
    }

    @Test
    void lengthensAnInstructionWhoseTargetMovedOutOfReach() {
        Label second = new Label("second");
        buffer.emit(branch(second));
        buffer.bind(second);
        buffer.emit(branch(label));
        buffer.emit(pad());
        buffer.bind(label);
        buffer.emit(branch(second));
        List<CodeBuffer.Placed> placed = buffer.place(0, new HashMap<>());
        assertEquals(List.of(0, 1, 4, 5), placed.stream().map(CodeBuffer.Placed::offset).toList());
        assertEquals(List.of(1L, 5L, -1L, 1L), placed.stream().map(CodeBuffer.Placed::target).toList());
        assertEquals(-4, placed.getLast().bytes()[0]);
    }

    @Test
    void refusesAnInstructionThatDoesNotReachItsTarget() {
        buffer.emit(branch(label));
        assertTrue(String.valueOf(assertThrows(IllegalStateException.class,
                () -> buffer.place(0, new HashMap<>(Map.of(label, 11L)))).getMessage()).contains("branch label"));
        assertEquals(3, buffer.place(0, new HashMap<>(Map.of(label, 10L))).getFirst().bytes().length);
    }

    @Test
    void refusesALabelThatIsBoundTwiceOrNever() {
        buffer.emit(branch(new Label("label")));
        buffer.bind(label);
        assertTrue(String.valueOf(assertThrows(IllegalStateException.class, () -> buffer.bind(label)).getMessage())
                .contains("label=label is bound already"));
        assertTrue(String.valueOf(assertThrows(IllegalStateException.class,
                () -> buffer.place(0, new HashMap<>())).getMessage()).contains("label label is not bound"));
    }

    @Test
    void anInstructionWithoutATargetRefersToNothing() {
        buffer.emit(pad());
        assertEquals(-1, buffer.place(7, new HashMap<>()).getFirst().target());
        assertEquals(List.of(), new CodeBuffer().place(7, new HashMap<>()));
    }
}
