package io.github.rseq4j.cli.listing;

import io.github.rseq4j.cli.io.EmittedSections;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.machine.Listing;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code listing}: prints the steps of a section and the code emitted for them. */
@Command(name = "listing", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Prints the steps of a section, or of all sections, with assembly, offsets and bytes.",
        footer = {"", "The listing has nominal offsets and limits, so it is the same on every machine, and is not the"
            + " code of this one. GNU as can read it."})
public final class ListingCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "SECTION", description = "The name of a section (default: all sections).")
    private @Nullable String section;

    @Option(names = "--arch", paramLabel = "ARCH",
            completionCandidates = Names.class,
            description = "The architecture: ${COMPLETION-CANDIDATES} (default: this machine's architecture).")
    private @Nullable String arch;

    @Option(names = "--index", paramLabel = "mm_cid|cpu_id", defaultValue = "mm_cid",
            description = "The index that selects a copy (default: ${DEFAULT-VALUE}).")
    private String index = "mm_cid";

    @Option(names = "--names", description = "Print only the names of the sections.")
    private boolean names;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        String wanted = section;
        List<Chain> chains = EmittedSections.all().stream().filter(c -> wanted == null || c.name().equals(wanted))
                .toList();
        if (chains.isEmpty()) {
            throw new InputException("section=" + wanted + " is unknown, must be one of "
                    + String.join(", ", EmittedSections.all().stream().map(Chain::name).toList()));
        }
        if (names) {
            chains.forEach(chain -> out.println(chain.name()));
        } else {
            Architecture architecture = architecture();
            Index by = index();
            out.print(String.join("\n", chains.stream().map(c -> Listing.of(c, architecture, by)).toList()));
        }
        out.flush();
        return 0;
    }

    private Architecture architecture() {
        String wanted = arch;
        if (wanted == null) {
            Architecture host = Architecture.host();
            return host == null ? Architecture.values()[0] : host;
        }
        return Arrays.stream(Architecture.values()).filter(a -> a.spelling().equals(wanted)).findFirst()
                .orElseThrow(() -> new InputException("--arch=" + wanted + " is unknown, must be one of "
                        + String.join(", ", architectures())));
    }

    /** The names of the architectures. Created by picocli. */
    static final class Names implements Iterable<String> {
        /** Creates the list. Called by picocli. */
        Names() {}

        @Override
        public Iterator<String> iterator() {
            return architectures().iterator();
        }
    }

    private static List<String> architectures() {
        return Arrays.stream(Architecture.values()).map(Architecture::spelling).toList();
    }

    private Index index() {
        return Arrays.stream(Index.values()).filter(i -> i.spelling().equals(index)).findFirst()
                .orElseThrow(() -> new InputException("--index=" + index + " is unknown, must be one of "
                        + String.join(", ", Arrays.stream(Index.values()).map(Index::spelling).toList())));
    }
}
