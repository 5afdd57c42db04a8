package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.kernel.Architecture;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;

/**
 * The listing of a chain: its steps, and the code for the nominal target, as assembly with offsets and bytes. GNU as
 * assembles it to the same bytes. It is the same on every machine.
 */
public final class Listing {
    /** The data of the nominal image begins at the next multiple of this number. */
    private static final int PAGE_BYTES = 0x1000;
    private static final int TEXT_COLUMN = 8;
    private static final int COMMENT_COLUMN = 64;

    private final StringBuilder out = new StringBuilder();
    private final String comment;
    private final MachineCode code;

    private Listing(MachineCode code, String comment) {
        this.code = code;
        this.comment = comment;
    }

    /**
     * Returns the listing of a chain.
     *
     * @param chain the chain
     * @param architecture the architecture
     * @param index the index
     */
    public static String of(Chain chain, Architecture architecture, Index index) {
        Compiler compiler = new Compiler(architecture);
        Target target = Target.NOMINAL.with(index);
        Assembled assembled = compiler.compile(chain, target);
        int codeBytes = assembled.at(0, PAGE_BYTES).bytes().length;
        MachineCode code = assembled.checked(0, codeBytes + PAGE_BYTES - 1 & -PAGE_BYTES);
        Listing listing = new Listing(code, compiler.lowering().comment());
        listing.head(chain, target, compiler.lowering().directives());
        listing.body();
        return listing.out.toString();
    }

    private void line(String text, String remark) {
        out.append(text);
        if (!remark.isEmpty()) {
            out.repeat(' ', Math.max(1, COMMENT_COLUMN - text.length())).append(comment).append(' ').append(remark);
        }
        out.append('\n');
    }

    private void remark(String text) {
        out.append((comment + " " + text).stripTrailing()).append('\n');
    }

    private void head(Chain chain, Target target, String directives) {
        StringJoiner arguments = new StringJoiner(", ", "(", ")");
        for (int i = 0; i < chain.arguments(); i++) {
            arguments.add("a" + i);
        }
        remark(chain.name() + arguments + " on " + code.architecture().spelling());
        remark("index " + target.index().spelling() + ", limit " + target.limit() + ", stride 2^" + target.strideShift()
                + ", rseq area at thread pointer " + target.rseqOffsetBytes() + ", restarts " + chain.restarts());
        for (Section section : chain.sections()) {
            remark("");
            remark("section " + section.name());
            section.steps().forEach(step -> remark("  " + step));
            if (section.result() != null) {
                remark("  return " + section.result());
            }
        }
        remark("");
        line(" ".repeat(TEXT_COLUMN) + directives, "");
    }

    private void body() {
        line("image:", "");
        for (int i = 0; i < code.ranges().size(); i++) {
            String n = "_" + i;
            line("cs" + n + ":", "%04x".formatted(code.ranges().get(i).descriptor()));
            text(".long 0, 0", "version, flags");
            text(".quad start" + n + " - image", "start_ip");
            text(".quad post_commit" + n + " - start" + n, "post_commit_offset");
            text(".quad abort" + n + " - image", "abort_ip");
        }
        Map<Long, List<String>> labels = new TreeMap<>();
        code.labels().forEach((label, offset) -> {
            if (offset >= code.entryOffset() && offset < code.dataAddress()) {
                labels.computeIfAbsent(offset, _ -> new ArrayList<>()).add(label.name());
            }
        });
        for (CodeBuffer.Placed insn : code.insns()) {
            labels.getOrDefault((long) insn.offset(), List.of()).stream().sorted()
                    .forEach(name -> line(name + ":", ""));
            text(insn.insn().text(), "%04x  %s".formatted(insn.offset(),
                    HexFormat.ofDelimiter(" ").formatHex(insn.bytes())) + effect(insn.insn().effect()));
        }
        text(".org " + code.dataAddress(), "");
        line("aborts:", "");
        text(".quad 0", "");
    }

    private static String effect(Effect effect) {
        return effect == Effect.COMMIT ? "  <- commit" : "";
    }

    private void text(String text, String remark) {
        line(" ".repeat(TEXT_COLUMN) + text, remark);
    }
}
