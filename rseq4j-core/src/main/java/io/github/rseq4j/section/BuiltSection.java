package io.github.rseq4j.section;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.machine.Listing;
import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.proof.SimulationProof;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * The only implementation of {@link RestartableSection}. It is a record, because C2 treats the components of a constant
 * record as constants, unlike the fields of other classes. So a call is compiled to the function itself.
 *
 * @param chain the sections
 * @param sections the number of sections
 * @param arguments the number of longs that the function takes
 * @param site links the function
 * @param function calls through the site
 */
record BuiltSection(Chain chain, int sections, int arguments, SectionSite site, MethodHandle function)
        implements RestartableSection {
    /**
     * Makes a section that is not linked.
     *
     * @param proof its proof
     * @param disjoint for each of its sections, the pairs of places that must be disjoint
     */
    static BuiltSection of(SimulationProof proof, List<List<String>> disjoint) {
        Chain chain = proof.chain();
        SectionSite site = new SectionSite(proof, disjoint);
        return new BuiltSection(chain, chain.sections().size(), chain.arguments(), site, site.dynamicInvoker());
    }

    @Override
    public String name() {
        return chain.name();
    }

    @Override
    public SectionResult call(long... values) {
        if (values.length != arguments) {
            throw new IllegalArgumentException("section=" + name() + ", arguments.length=" + values.length
                    + ", must be " + arguments);
        }
        try {
            return new SectionResult((long) function.invokeExact(values), sections);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    @Override
    public MethodHandle handle() {
        return site.handle();
    }

    @Override
    public SectionResult result(long status) {
        if (!Completion.isFinal(status) || status < 0 && Status.completed(status) >= sections) {
            throw new IllegalArgumentException("section=" + name() + ", status=" + status
                    + ": no call of this section returns it");
        }
        return new SectionResult(status, sections);
    }

    @Override
    public String listing() {
        Architecture host = Architecture.host();
        return listing(host == null ? Architecture.values()[0] : host);
    }

    @Override
    public String listing(String architecture) {
        List<String> names = new ArrayList<>();
        for (Architecture each : Architecture.values()) {
            names.add(each.spelling());
            if (each.spelling().equals(architecture)) {
                return listing(each);
            }
        }
        throw new IllegalArgumentException("architecture=" + architecture + ", must be one of "
                + String.join(", ", names));
    }

    private String listing(Architecture architecture) {
        return Listing.of(chain, architecture, Engine.get().sectionIndex());
    }

    @Override
    public AbortReport proveAborts(long seed) {
        AbortProof.Report report = Engine.get().proveAborts(chain, seed);
        return new AbortReport(report.boundaries(), report.aborts(), report.overlapping(), report.skipped());
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(name()).append('/').append(arguments());
        chain.sections().forEach(section -> {
            text.append(" {");
            section.steps().forEach(step -> text.append(' ').append(step).append(';'));
            text.append(section.result() == null ? " }" : " return " + section.result() + " }");
        });
        return text.toString();
    }
}
