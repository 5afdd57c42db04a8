package io.github.rseq4j.machine;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Step.Add;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.Copy;
import io.github.rseq4j.ir.Step.Delay;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Move;
import io.github.rseq4j.ir.Step.Store;
import io.github.rseq4j.ir.Step.Timestamp;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.sections.LoadCbneStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Sections that use every step, condition, width, order and form of address, and few or many arguments: the lowerings
 * must handle them in addition to the sections that the library lists.
 */
public final class SampleSections {
    private static final int MAX_COPY_BYTES = 64;

    private SampleSections() {}

    /** Returns all of them. */
    public static List<Chain> all() {
        List<Chain> all = new ArrayList<>(List.of(listPop(), compareCopyStore(), arrayPush(Width.LONG),
                arrayPush(Width.INT), arrayPop(), indirectAdd(), stamp(true), stamp(false), delayed(), constants(),
                halves(), sixteenArguments(), indexArgument(), mixedChain(), doubles()));
        for (Condition condition : Condition.values()) {
            for (Width width : Width.values()) {
                all.add(compare(condition, width));
            }
        }
        return List.copyOf(all);
    }

    private static Chain one(String name, int arguments, @Nullable Reg result, Step... steps) {
        return Chain.of(arguments, new Section(name, List.of(steps), result));
    }

    /** A chain some of whose arguments point to memory to which no other argument points. */
    private static Chain apart(List<Reg> own, Chain chain) {
        List<Assumption> assumptions = own.stream().map(reg -> Assumption.apart(reg, "callers see to it")).toList();
        Section section = chain.sections().getFirst();
        return Chain.of(chain.arguments(), new Section(section.name(), section.steps(), section.result(), assumptions));
    }

    private static Chain listPop() {
        return one("load_cbeq_store_add_load_store", 3, null,
                new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
                new ExitIf(Condition.EQUAL, temp(0), imm(0), Width.LONG, 0),
                new Store(Mem.at(arg(1), 0), temp(0), Width.LONG),
                new Load(temp(1), Mem.at(temp(0), 8), Width.LONG),
                new CommitStore(Mem.cell(arg(0)), temp(1), Width.LONG, Order.RELAXED));
    }

    private static Chain compareCopyStore() {
        return apart(List.of(arg(2)), one("load_cbne_memcpy_store", 6, null,
                new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
                new ExitIf(Condition.NOT_EQUAL, temp(0), arg(1), Width.LONG, 0),
                new Copy(Mem.cell(arg(2), 16), arg(3), arg(4), MAX_COPY_BYTES),
                new CommitStore(Mem.cell(arg(0)), arg(5), Width.LONG, Order.RELEASE)));
    }

    private static Chain arrayPush(Width width) {
        return one("array_push_" + width.bytes(), 2, temp(0),
                new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
                new ExitIf(Condition.ABOVE_OR_EQUAL, temp(0), imm(3), Width.LONG, 0),
                new Store(Mem.element(arg(0), 8, temp(0), width.bytes()), arg(1), width),
                new Move(temp(1), temp(0)),
                new Add(temp(1), imm(1)),
                new CommitStore(Mem.cell(arg(0)), temp(1), Width.LONG, Order.RELAXED));
    }

    private static Chain arrayPop() {
        return one("array_pop", 1, temp(1),
                new Load(temp(0), Mem.cell(arg(0)), Width.INT),
                new ExitIf(Condition.EQUAL, temp(0), imm(0), Width.INT, 0),
                new Add(temp(0), imm(-1)),
                new Load(temp(1), Mem.element(arg(0), 8, temp(0), 4), Width.INT),
                new CommitStore(Mem.cell(arg(0)), temp(0), Width.INT, Order.RELAXED));
    }

    private static Chain indirectAdd() {
        return one("load_add_load_load_add_store", 2, null,
                new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
                new ExitIf(Condition.EQUAL, temp(0), imm(0), Width.LONG, 0),
                new Add(temp(0), imm(8)),
                new CommitAdd(Mem.at(temp(0), 0), arg(1), Width.LONG, Order.RELAXED));
    }

    private static Chain stamp(boolean isOrdered) {
        return one((isOrdered ? "" : "unordered_") + "timestamp_store", 4, null,
                new Timestamp(temp(0), isOrdered),
                new Store(Mem.cell(arg(0), 8), temp(0), Width.LONG),
                new Store(Mem.cell(arg(0), 16), arg(2), Width.LONG),
                new Store(Mem.cell(arg(0), 24), arg(3), Width.INT),
                new CommitAdd(Mem.cell(arg(0)), imm(1), Width.LONG, Order.RELEASE));
    }

    private static Chain delayed() {
        return one("delay_twice", 3, null,
                new Delay(arg(1), 16),
                new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
                new Delay(arg(2), 16),
                new Add(temp(0), imm(1)),
                new CommitStore(Mem.cell(arg(0)), temp(0), Width.LONG, Order.RELAXED));
    }

    private static Chain constants() {
        return one("constants", 1, temp(3),
                new Move(temp(0), imm(0)),
                new Move(temp(1), imm(0x7FFF_FFFF_FFFFL)),
                new Move(temp(2), imm(-5)),
                new Move(temp(3), imm(0xFFFF_FFFFL)),
                new Add(temp(0), imm(0x1_0000_0000L)),
                new Store(Mem.cell(arg(0), 8), temp(0), Width.LONG),
                new Store(Mem.cell(arg(0), 16), temp(1), Width.LONG),
                new Store(Mem.cell(arg(0), 24), temp(2), Width.LONG),
                new Store(Mem.cell(arg(0), 32), imm(Long.MAX_VALUE), Width.LONG),
                new Store(Mem.cell(arg(0), 40), imm(-7), Width.INT),
                new Store(Mem.cell(arg(0), 48), imm(-7), Width.LONG),
                new ExitIf(Condition.NOT_EQUAL, temp(2), imm(-5), Width.LONG, 0),
                new ExitIf(Condition.EQUAL, temp(2), imm(0xFFFF_FFFBL), Width.LONG, 1),
                new ExitIf(Condition.NOT_EQUAL, temp(2), imm(0xFFFF_FFFBL), Width.INT, 2),
                new ExitIf(Condition.NOT_EQUAL, temp(1), imm(0x7FFF_FFFF_FFFFL), Width.LONG, 3),
                new CommitAdd(Mem.cell(arg(0)), imm(0x1_2345_6789L), Width.LONG, Order.RELAXED));
    }

    private static Chain halves() {
        return one("halves", 2, null,
                new Load(temp(0), Mem.cell(arg(0), 4), Width.INT),
                new Add(temp(0), arg(1)),
                new Store(Mem.cell(arg(0), 12), temp(0), Width.INT),
                new CommitAdd(Mem.cell(arg(0), 4), imm(0xFFFF_FFFFL), Width.INT, Order.RELAXED));
    }

    private static Chain sixteenArguments() {
        return apart(List.of(arg(8), arg(14)), one("sixteen_arguments", 16, arg(15),
                new Load(temp(0), Mem.cell(arg(13)), Width.LONG),
                new ExitIf(Condition.EQUAL, arg(12), imm(3), Width.LONG, 7),
                new Move(temp(1), arg(11)),
                new Add(temp(1), arg(10)),
                new Store(Mem.cell(arg(14), 8), arg(9), Width.LONG),
                new Store(Mem.at(arg(8), 8), temp(1), Width.LONG),
                new CommitStore(Mem.cell(arg(14)), temp(0), Width.LONG, Order.RELAXED)));
    }

    private static Chain indexArgument() {
        return apart(List.of(arg(1)), one("index_argument", 9, null,
                new Load(temp(0), Mem.element(arg(0), 8, arg(8), 8), Width.LONG),
                new Store(new Mem(arg(1), false, arg(2), 4, 4), temp(0), Width.INT),
                new CommitStore(Mem.element(arg(0), 64, arg(8), 8), arg(3), Width.LONG, Order.RELAXED)));
    }

    private static Chain compare(Condition condition, Width width) {
        return one("compare_" + condition.name().toLowerCase(Locale.ROOT) + "_" + width.bytes(), 3, null,
                new ExitIf(condition, arg(1), arg(2), width, 1),
                new ExitIf(condition, arg(1), imm(2), width, 2),
                new CommitAdd(Mem.cell(arg(0)), imm(1), width, Order.RELAXED));
    }

    private static Chain doubles() {
        return new Chain("doubles", 9, 8, List.of(
                new Section("add_constant", List.of(new CommitAddDouble(Mem.cell(arg(0), 8),
                        imm(Double.doubleToRawLongBits(0.5)), Order.RELEASE)), null),
                new Section("add_element", List.of(new CommitAddDouble(Mem.element(arg(7), 64, arg(8), 8), arg(6),
                        Order.RELEASE)), null),
                new Section("add_far", List.of(new CommitAddDouble(Mem.cell(arg(0), 0x8000), arg(6), Order.RELAXED)),
                        null),
                new Section("add_zero", List.of(new Load(temp(0), Mem.cell(arg(0), 32), Width.LONG),
                        new CommitAddDouble(Mem.cell(arg(0), 16), imm(0), Order.RELAXED)), temp(0))));
    }

    private static Chain mixedChain() {
        Section first = new Section("load_add_store_relaxed",
                List.of(new CommitAdd(Mem.cell(arg(0)), arg(1), Width.LONG, Order.RELAXED)), null);
        Section second = LoadCbneStore.RELAXED.sections().getFirst();
        Section third = new Section("store_copy",
                List.of(new Copy(Mem.cell(arg(4)), arg(5), arg(3), MAX_COPY_BYTES),
                        new CommitAdd(Mem.cell(arg(4), 128), imm(1), Width.LONG, Order.RELEASE)), null,
                List.of(Assumption.apart(arg(4), "callers copy from elsewhere")));
        return new Chain("mixed_chain", 6, 8, List.of(first, second, third));
    }
}
