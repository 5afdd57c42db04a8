package io.github.rseq4j.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.testing.GnuAs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Compares many listings, which one run of GNU as assembles, with the bytes that the compiler emits. */
public final class AssembledListings {
    private static final int DATA_OFFSET = 0x1000;

    private AssembledListings() {}

    /**
     * Compiles and checks the chains for every index, and compares.
     *
     * @param architecture an architecture
     * @param chains the chains
     */
    public static void assertSameBytes(Architecture architecture, List<Chain> chains) {
        StringBuilder text = new StringBuilder();
        List<MachineCode> emitted = new ArrayList<>();
        for (Chain chain : chains) {
            for (Index index : Index.values()) {
                MachineCode code = new Compiler(architecture).compile(chain, Target.NOMINAL.with(index))
                        .checked(0, DATA_OFFSET);
                text.append(alone(Listing.of(chain, architecture, index), code, emitted.size()));
                emitted.add(code);
            }
        }
        byte[] assembled = GnuAs.assemble(architecture, text.toString());
        int at = 0;
        for (MachineCode code : emitted) {
            byte[] bytes = Arrays.copyOfRange(assembled, at, at + code.bytes().length);
            assertArrayEquals(code.bytes(), bytes, () -> code.name() + "\n" + text);
            at += DATA_OFFSET + Assembled.ALIGN_BYTES;
        }
    }

    /** Gives a listing unique labels, and a place after the others. */
    private static String alone(String listing, MachineCode code, int number) {
        String names = code.labels().keySet().stream().map(Label::name).distinct().map(Pattern::quote)
                .collect(Collectors.joining("|", "\\b(image|", ")\\b"));
        Pattern label = Pattern.compile(names);
        StringBuilder text = new StringBuilder("        .balign ").append(Assembled.ALIGN_BYTES).append('\n');
        String comment = Pattern.quote(Lowering.of(code.architecture()).comment());
        for (String line : listing.lines().toList()) {
            String instruction = line.split(comment, 2)[0];
            text.append(label.matcher(instruction).replaceAll("$1__" + number)
                    .replace(".org ", ".org image__" + number + " + ")).append('\n');
        }
        return text.toString();
    }
}
