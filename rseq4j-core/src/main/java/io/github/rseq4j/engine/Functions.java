package io.github.rseq4j.engine;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.machine.CodeMemory;
import io.github.rseq4j.machine.Compiler;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.sections.Sections;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The machine code of chains. The code of a chain is emitted at its first use. */
final class Functions {
    private final CodeMemory code;
    private final Compiler compiler;
    private final Target target;
    private final Admissions admissions;
    private final Map<String, List<Installed>> installed = new HashMap<>();

    Functions(CodeMemory code, Compiler compiler, Target target, Admissions admissions) {
        this.code = code;
        this.compiler = compiler;
        this.target = target;
        this.admissions = admissions;
    }

    /** A chain and its function. Two chains of users may have the same name, so the chain itself is compared. */
    private record Installed(Chain chain, MachineCode function) {}

    /**
     * Returns the function of a chain.
     *
     * @param chain one of {@link Sections#all()}, or one that was admitted
     * @throws KernelException when there is no more executable memory
     */
    @SuppressWarnings("ReferenceEquality")
    synchronized MachineCode of(Chain chain) {
        List<Installed> ofThatName = installed.get(chain.name());
        if (ofThatName != null) {
            for (Installed each : ofThatName) {
                // Identity first: the first comparison of records costs a fresh JVM milliseconds.
                if (each.chain == chain || each.chain.equals(chain)) {
                    return each.function;
                }
            }
        }
        if (!Sections.lists(chain) && !admissions.has(chain)) {
            throw new IllegalArgumentException("chain=" + chain.name()
                    + " is not listed in Sections, and was not admitted");
        }
        Target by = chain.index() == null ? target : target.with(chain.index());
        MachineCode function = code.install(List.of(compiler.compile(chain, by))).getFirst();
        keep(chain, function);
        return function;
    }

    /**
     * Adds a function that was emitted together with others.
     *
     * @param chain its chain
     * @param function the function
     */
    synchronized void keep(Chain chain, MachineCode function) {
        List<Installed> ofThatName = installed.get(chain.name());
        if (ofThatName == null) {
            ofThatName = new ArrayList<>();
            installed.put(chain.name(), ofThatName);
        }
        ofThatName.add(new Installed(chain, function));
    }
}
