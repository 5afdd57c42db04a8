package io.github.rseq4j.registration;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.provider.ProviderHeader;
import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.sections.Sections;
import io.github.rseq4j.testing.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Libraries and programs that imitate other users of rseq, compiled once in a run next to the provider image and its
 * header. They are linked to no particular libc: symbols have no versions, so that the same files run on an older
 * glibc.
 */
public final class Fixtures {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
    private static final List<String> LIBRARIES = List.of("early_adopter", "uncounted", "three_symbols",
            "dynamic_area", "greedy", "stranger", "auxiliary", "cache");
    /** Imitations of known libraries; tests load each with the provider image, in every order. */
    public static final List<String> PARTNERS = List.of("librseq_today", "librseq_2021", "librseq_2019", "tcmalloc",
            "second_rseq4j");
    private static final List<String> PROGRAMS = List.of("storm", "table", "company", "children", "plain",
            "every_step", "ends", "forbidden", "lengths");
    private static final List<String> LIBCS = List.of("libc.so.6", "libpthread.so.0", "libdl.so.2");

    /** The C library on which a program runs. */
    public enum Libc {
        /** This machine's glibc, which registers its threads. */
        GLIBC("gcc", "gcc", "ld-linux-x86-64.so.2", 1),
        /** This machine's glibc with its registration switched off. */
        DORMANT_GLIBC("gcc", "gcc", "ld-linux-x86-64.so.2", 3),
        /** Debian 11's glibc 2.31, which does not know rseq. */
        OLD_GLIBC("gcc", "gcc", "ld-linux-x86-64.so.2", 3),
        /** musl. */
        MUSL("musl-gcc", "musl-tools", "libc.so", 3);

        private final String compiler;
        private final String from;
        private final String linker;
        private final int owner;

        Libc(String compiler, String from, String linker, int owner) {
            this.compiler = compiler;
            this.from = from;
            this.linker = linker;
            this.owner = owner;
        }

        /** Returns the expected result of rseq4j_owner(). */
        public int owner() {
            return owner;
        }
    }

    private Fixtures() {}

    /** Returns the folder of the files that were compiled for a libc. */
    public static Path folder(Libc libc) {
        Path folder = ROOT.resolve("rseq4j-core/target/fixtures").resolve(libc.compiler);
        synchronized (Fixtures.class) {
            Path done = folder.resolve("done");
            long now = ProcessHandle.current().pid();
            try {
                if (!Files.exists(done) || !Files.readString(done).equals(Long.toString(now))) {
                    Files.createDirectories(folder);
                    compile(libc, folder);
                    Files.writeString(done, Long.toString(now));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return folder;
    }

    private static void compile(Libc libc, Path folder) throws IOException {
        for (Map.Entry<String, byte[]> file : ProviderImage.files(Objects.requireNonNull(Architecture.host()),
                Sections.all(), Engine.STRIDE_SHIFT,
                Math.max(ProviderImage.NOMINAL_AREA_BYTES, ProviderImage.areaBytes())).entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
            Files.write(Files.createDirectories(folder.resolve("copy")).resolve(file.getKey()), file.getValue());
        }
        Files.writeString(folder.resolve(ProviderHeader.FILE_NAME),
                ProviderHeader.text(Sections.all(), Engine.STRIDE_SHIFT));
        Path empty = Files.writeString(folder.resolve("empty.c"), "");
        List<String> libcs = new ArrayList<>();
        for (String name : LIBCS) {
            String stub = folder.resolve("stub-" + name).toString();
            Tool.output(libc.from, List.of(libc.compiler, "-shared", "-nostdlib", "-Wl,-soname," + name, "-o", stub,
                    empty.toString()));
            libcs.add(stub);
        }
        for (String name : LIBRARIES) {
            compile(libc, folder, name, "lib" + name + ".so", List.of());
        }
        compile(libc, folder, "linked", "liblinked.so", List.of(folder.resolve(ProviderImage.FILE_NAME).toString()));
        String linker = folder.resolve("stub-linker").toString();
        Tool.output(libc.from, List.of(libc.compiler, "-shared", "-nostdlib", "-Wl,-soname," + libc.linker, "-o",
                linker, empty.toString()));
        List<String> linkerFirst = new ArrayList<>(List.of("-Wl,-e,_start", "-Wl,-z,now", "-Wl,--no-as-needed",
                "-Wl,--allow-shlib-undefined", "-L" + folder, linker, folder.resolve("liblinked.so").toString()));
        linkerFirst.addAll(libcs);
        compile(libc, folder, "ldso_first", "ldso_first", linkerFirst);
        String ours = folder.resolve(ProviderImage.FILE_NAME).toString();
        List<String> program = new ArrayList<>(List.of("-Wl,-e,_start", "-Wl,-z,now", "-Wl,--no-as-needed"));
        compile(libc, folder, "partners", "partners", with(program, ours, libcs));
        compile(libc, folder, "partners", "stranger_alone",
                with(program, folder.resolve("libstranger.so").toString(), libcs));
        for (String name : PARTNERS) {
            compile(libc, folder, name, "lib" + name + ".so", with(List.of("-Wl,--no-as-needed"), libcs));
            // A library that is loaded later gets no such alignment.
            compile(libc, folder, name, "lib" + name + "_later.so",
                    with(List.of("-DROOM=64", "-Wl,--no-as-needed"), libcs));
            String theirs = folder.resolve("lib" + name + ".so").toString();
            compile(libc, folder, "partners", name + "_alone", with(program, theirs, libcs));
            compile(libc, folder, "partners", name + "_first", with(with(program, theirs, List.of(ours)), libcs));
            compile(libc, folder, "partners", name + "_last", with(with(program, ours, List.of(theirs)), libcs));
        }
        for (String name : PROGRAMS) {
            List<String> more = new ArrayList<>(List.of("-Wl,-e,_start", "-Wl,-z,now", "-Wl,--no-as-needed"));
            if (!name.equals("plain")) {
                more.add(folder.resolve(ProviderImage.FILE_NAME).toString());
            }
            more.addAll(libcs);
            compile(libc, folder, name, name, more);
        }
    }

    private static List<String> with(List<String> flags, String first, List<String> more) {
        return with(with(flags, List.of(first)), more);
    }

    private static List<String> with(List<String> flags, List<String> more) {
        return Stream.concat(flags.stream(), more.stream()).toList();
    }

    private static void compile(Libc libc, Path folder, String source, String output, List<String> more) {
        List<String> command = new ArrayList<>(List.of(libc.compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror",
                "-O1", "-fno-stack-protector", "-fPIC", "-shared", "-nostdlib", "-I" + folder, "-o",
                folder.resolve(output).toString(),
                ROOT.resolve("rseq4j-core/src/test/c").resolve(source + ".c").toString()));
        command.addAll(more);
        Tool.output(libc.from, command);
    }

    /**
     * Runs a command on a libc.
     *
     * @param libc the libc
     * @param environment additional variables
     * @param command the command, whose program is a file for this libc
     */
    public static Tool.Outcome run(Libc libc, Map<String, String> environment, List<String> command) {
        List<String> all = new ArrayList<>();
        List<String> variables = new ArrayList<>(environment.entrySet().stream()
                .map(each -> each.getKey() + "=" + each.getValue()).toList());
        variables.add("LD_LIBRARY_PATH=" + folder(libc));
        switch (libc) {
            case DORMANT_GLIBC -> variables.add("GLIBC_TUNABLES=glibc.pthread.rseq=0");
            case OLD_GLIBC -> all.addAll(List.of(ROOT.resolve("scripts/matrix/chroot.sh").toString(), "bullseye",
                    "/bin/busybox"));
            default -> { }
        }
        all.add("env");
        all.addAll(variables);
        if (libc == Libc.MUSL) {
            all.add("/lib/ld-musl-x86_64.so.1");
        }
        all.addAll(command);
        Tool.Outcome outcome = Tool.run(libc.from, Map.of("EXTRA_BIND", ROOT.toString()), all);
        if (libc == Libc.OLD_GLIBC && outcome.exit() == NOT_PREPARED && !Boolean.getBoolean("rseq4j.ci")) {
            Assumptions.abort(outcome.output());
        }
        return outcome;
    }

    /** The exit status of scripts/matrix/chroot.sh when it cannot prepare the other libc. */
    private static final int NOT_PREPARED = 125;
}
