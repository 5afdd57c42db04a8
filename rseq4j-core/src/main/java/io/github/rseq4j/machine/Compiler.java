package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.kernel.Architecture;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Compiles chains of sections to functions of machine code, for any architecture, on any host. */
public final class Compiler {
    /* How it works
     *
     *   entry:     restarts left = cap
     *   retry_k:   rseq_cs = descriptor_k
     *   start_k:   if cpu_id < 0 goto unregistered_k
     *              slot = index; if slot >= limit goto out_of_range_k; slot <<= shift
     *              steps ... commit
     *   post_k:    (the next section's retry, or) return result
     *              signature
     *   abort_k:   count it; if restarts left-- > 0 goto retry_k
     *   aborted_k: return aborted (this status has the smallest code, so it comes first)
     *   exits:     return status
     *
     * The hot path is straight; all other paths come after it. The check, the index and the commit are inside the
     * section, so a thread that loses its registration or migrates in between starts again (I6).
     *
     * Start-up code, which includes this class and its callees, avoids lambdas, streams, switches over patterns, and
     * hashes of records. Each costs a fresh JVM 1 to 10 ms.
     */
    private final Architecture architecture;
    private final Lowering lowering;

    /**
     * Creates a compiler.
     *
     * @param architecture the target architecture
     */
    public Compiler(Architecture architecture) {
        this.architecture = architecture;
        this.lowering = Lowering.of(architecture);
    }

    /** Returns the architecture's lowering. */
    public Lowering lowering() {
        return lowering;
    }

    /**
     * Compiles a chain. The function's first word of data counts aborts; the words of the target follow, if it has any.
     *
     * @param chain the chain
     * @param target the target
     */
    public Assembled compile(Chain chain, Target target) {
        CodeBuffer buffer = new CodeBuffer();
        Assembler assembler = lowering.assembler(target, Lowering.Frame.of(chain), buffer);
        Label aborts = new Label("aborts");
        List<Assembled.SectionLabels> sections = new ArrayList<>();
        List<Exits> exits = new ArrayList<>();
        List<Label> retries = new ArrayList<>();
        assembler.enter(chain.restarts());
        for (int k = 0; k < chain.sections().size(); k++) {
            Section section = chain.sections().get(k);
            Assembled.SectionLabels labels = new Assembled.SectionLabels(section.name(), label("cs", k),
                    label("start", k), label("post_commit", k), label("abort", k));
            Label retry = label("retry", k);
            Exits leaving = new Exits(k);
            buffer.bind(retry);
            assembler.arm(labels.descriptor(), labels.start());
            assembler.checkRegistered(leaving.to(Status.UNREGISTERED));
            assembler.loadSlot(leaving.outOfRange());
            for (Step step : section.steps()) {
                assembler.step(step, leaving);
            }
            buffer.bind(labels.postCommit());
            sections.add(labels);
            exits.add(leaving);
            retries.add(retry);
        }
        Operand result = chain.sections().getLast().result();
        assembler.leave(result == null ? Operand.imm(0) : result);
        for (int k = 0; k < sections.size(); k++) {
            assembler.abort(sections.get(k).abort(), aborts, chain.restarts(), retries.get(k));
            exits.get(k).to(Status.ABORTED);
            exits.get(k).emit(buffer, assembler);
        }
        return new Assembled(chain.name(), architecture, buffer, sections, target.data(aborts));
    }

    /**
     * Compiles a routine: a function without a section.
     *
     * @param name its name
     * @param target the target
     * @param data the labels of the words of data that it uses
     * @param body writes its instructions
     */
    public Assembled routine(String name, Target target, List<Label> data, Consumer<Assembler> body) {
        CodeBuffer buffer = new CodeBuffer();
        body.accept(lowering.assembler(target, Lowering.Frame.ofRoutine(0), buffer));
        return new Assembled(name, architecture, buffer, List.of(), data);
    }

    /**
     * Compiles routines, which may call one another and make system calls, and have no sections.
     *
     * @param name the name of the code
     * @param data the labels of the words of data that it uses
     * @param body writes the routines
     */
    public Assembled routines(String name, List<Label> data, Consumer<Routines> body) {
        CodeBuffer buffer = new CodeBuffer();
        body.accept(lowering.routines(buffer));
        return new Assembled(name, architecture, buffer, List.of(), data);
    }

    /** Compiles the routine {@code long synchronise_code(address, lines)}. */
    public Assembled synchroniseCode() {
        CodeBuffer buffer = new CodeBuffer();
        lowering.assembler(Target.NOMINAL, Lowering.Frame.ofRoutine(2), buffer).synchroniseCode();
        return new Assembled("synchronise_code", architecture, buffer, List.of(), List.of());
    }

    /**
     * Compiles the routine {@code long thread_pointer()}.
     *
     * @param target the target
     */
    public Assembled threadPointer(Target target) {
        CodeBuffer buffer = new CodeBuffer();
        lowering.assembler(target, Lowering.Frame.ofRoutine(0), buffer).returnThreadPointer();
        return new Assembled("thread_pointer", architecture, buffer, List.of(), List.of());
    }

    /**
     * Compiles the routine {@code long area_field(offset)}: a field of the calling thread's rseq area, sign-extended.
     *
     * @param target the target
     */
    public Assembled areaField(Target target) {
        CodeBuffer buffer = new CodeBuffer();
        lowering.assembler(target, Lowering.Frame.ofRoutine(1), buffer).returnAreaField();
        return new Assembled("area_field", architecture, buffer, List.of(), List.of());
    }

    /**
     * Compiles the routine {@code long timestamp()}, which reads the clock of {@link Step.Timestamp}.
     *
     * @param isOrdered whether the clock is read after all earlier instructions
     */
    public Assembled timestamp(boolean isOrdered) {
        Operand.Reg time = Operand.temp(0);
        Step step = new Step.Timestamp(time, isOrdered);
        CodeBuffer buffer = new CodeBuffer();
        Assembler assembler = lowering.assembler(Target.NOMINAL, new Lowering.Frame(0, 1, step.scratches(), true,
                false), buffer);
        assembler.enter(0);
        assembler.step(step, new Exits(0));
        assembler.leave(time);
        return new Assembled("timestamp", architecture, buffer, List.of(), List.of());
    }

    private static Label label(String name, int section) {
        return new Label(name + "_" + section);
    }

    /** The exits of a section: a label for each status, created at its first use. */
    private static final class Exits implements Assembler.Exits {
        private final int section;
        private final Map<Integer, Label> labels = new TreeMap<>();

        Exits(int section) {
            this.section = section;
        }

        Label to(int code) {
            Label label = labels.get(code);
            if (label == null) {
                label = label(name(code), section);
                labels.put(code, label);
            }
            return label;
        }

        private static String name(int code) {
            return switch (code) {
                case Status.ABORTED -> "aborted";
                case Status.UNREGISTERED -> "unregistered";
                case Status.OUT_OF_RANGE -> "out_of_range";
                default -> "exit" + (code - Status.EXIT);
            };
        }

        @Override
        public Label exit(int number) {
            return to(Status.EXIT + number);
        }

        @Override
        public Label outOfRange() {
            return to(Status.OUT_OF_RANGE);
        }

        void emit(CodeBuffer buffer, Assembler assembler) {
            for (Map.Entry<Integer, Label> exit : labels.entrySet()) {
                buffer.bind(exit.getValue());
                assembler.leave(Operand.imm(Status.failure(exit.getKey(), section)));
            }
        }
    }
}
