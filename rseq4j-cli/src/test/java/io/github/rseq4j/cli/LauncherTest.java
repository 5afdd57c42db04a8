package io.github.rseq4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher, in a folder of its own with a JDK whose java prints its arguments, or with a Maven that does so. */
class LauncherTest {
    private static final Path ROOT = Path.of(System.getProperty("rseq4j.root", ".."));
    private static final String MAVEN = "apache-maven-3.9.16";
    /** The commands that the launcher and mvnw use. There is no mvn, no wget, no curl and no unzip. */
    private static final List<String> COMMANDS = List.of("sh", "sed", "cat", "head", "find", "dirname", "basename",
            "readlink", "sort", "touch", "rm", "mkdir", "grep", "uname", "tr", "mktemp", "mv", "tar", "gzip", "cmp",
            "uniq");

    @TempDir
    private Path folder = Path.of("");
    private Path home = Path.of("");

    /** The end of the launcher. */
    private record Launched(int exit, String out, String err) {}

    private static void write(Path file, String content) throws IOException {
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.writeString(file, content);
        assertTrue(file.toFile().setExecutable(true));
    }

    private Path inJdk(String name) {
        return folder.resolve("jdk").resolve(name);
    }

    @BeforeEach
    void prepare() throws IOException {
        home = Files.createDirectory(folder.resolve("home"));
        write(home.resolve("rseq4j"), Files.readString(ROOT.resolve("rseq4j")));
        write(inJdk("release"), "JAVA_VERSION=\"25.0.1\"\n");
        write(inJdk("bin/javac"), "#!/bin/sh\n");
        write(inJdk("bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        Path bin = Files.createDirectory(folder.resolve("bin"));
        for (String command : COMMANDS) {
            Path found = Stream.of("/usr/bin", "/bin").map(each -> Path.of(each, command)).filter(Files::exists)
                    .findFirst().orElseThrow(() -> new AssertionError(command));
            write(bin.resolve(command), "#!/bin/sh\nexec " + found + " \"$@\"\n");
        }
    }

    private Launched launch(Path jdk, String repository, String... arguments) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(home.resolve("rseq4j").toString());
        builder.command().addAll(List.of(arguments));
        builder.environment().clear();
        builder.environment().put("PATH", folder.resolve("bin").toString());
        builder.environment().put("HOME", folder.toString());
        builder.environment().put("JAVA_HOME", jdk.toString());
        builder.environment().put("MVNW_REPOURL", repository);
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        int exit = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start().waitFor();
        return new Launched(exit, Files.readString(out), Files.readString(err));
    }

    private void addSamples() throws IOException {
        for (String sample : List.of("Sample05Maximum", "Sample09Histogram", "Sample12Pool")) {
            write(home.resolve("rseq4j-samples/src/main/java/io/github/rseq4j/samples/" + sample + ".java"), "");
        }
        Files.createDirectories(home.resolve("rseq4j-samples/target/app"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"9", "09", "Sample09Histogram"})
    void runsASampleByNumberAndByName(String name) throws IOException, InterruptedException {
        addSamples();
        Launched run = launch(inJdk(""), "", "sample", name, "a b", "c");
        assertEquals(0, run.exit(), run.err());
        List<String> words = run.out().lines().toList();
        assertEquals(List.of("--module", "io.github.rseq4j.samples/io.github.rseq4j.samples.Sample09Histogram", "a b",
                "c"), words.subList(words.size() - 4, words.size()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "99", "9x", "123", "Sample", "../samples/Sample09Histogram", "-x", "--"})
    void refusesAnUnknownSampleAndListsTheKnownOnes(String name) throws IOException, InterruptedException {
        addSamples();
        Launched run = launch(inJdk(""), "", "sample", name);
        assertEquals(2, run.exit(), run.out());
        assertEquals("rseq4j: sample=" + name + " is unknown, there are: Sample05Maximum Sample09Histogram"
                + " Sample12Pool\n", run.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-V"})
    void optionsOfSampleAreNoSamples(String option) throws IOException, InterruptedException {
        addSamples();
        Files.createDirectories(home.resolve("lib"));
        Files.createDirectories(home.resolve("samples"));
        Launched run = launch(inJdk(""), "", "sample", option);
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().endsWith(option.equals("-V") ? "\n--version\n" : "\nhelp\nsample\n"), run.out());
    }

    @Test
    void listsTheSamplesWithoutANumber() throws IOException, InterruptedException {
        addSamples();
        Launched run = launch(inJdk(""), "", "sample");
        assertEquals(0, run.exit(), run.err());
        assertEquals("Sample05Maximum\nSample09Histogram\nSample12Pool\n", run.out());
    }

    @Test
    void runsTheLibrariesOfADistribution() throws IOException, InterruptedException {
        Files.createDirectory(home.resolve("lib"));
        Launched run = launch(inJdk(""), "", "doctor");
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().contains("-Drseq4j.agent=" + home.resolve("agent/rseq4j-agent.jar") + "\n"), run.out());
        assertTrue(run.out().contains("--module-path\n" + home.resolve("lib") + "\n"), run.out());
        assertEquals(5, launch(inJdk(""), "", "sample", "5").exit());
        write(home.resolve("samples/Sample05Maximum.java"), "");
        Launched sample = launch(inJdk(""), "", "sample", "5");
        assertTrue(sample.out().endsWith("/io.github.rseq4j.samples.Sample05Maximum\n"), sample.out() + sample.err());
    }

    private static Path dated(Path file, int minute) throws IOException {
        write(file, file.getFileName() + "");
        return Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH.plus(minute, ChronoUnit.MINUTES)));
    }

    /** Writes a source of minute 1 and what mvn package leaves of it at minute 2. */
    private Path packaged() throws IOException {
        dated(home.resolve("pom.xml"), 1);
        Path app = home.resolve("rseq4j-cli/target/app");
        for (String name : List.of("core", "trace", "agent", "analysis", "cli")) {
            Path module = home.resolve("rseq4j-" + name);
            dated(module.resolve("pom.xml"), 1);
            dated(module.resolve("src/main/java/Source.java"), 1);
            for (Path folder : List.of(module.resolve("src/main/java"), module.resolve("src/main"))) {
                Files.setLastModifiedTime(folder, FileTime.from(Instant.EPOCH));
            }
            for (Path target : List.of(module.resolve("target"), app)) {
                dated(target.resolve("rseq4j-" + name + "-1.0.jar"), 2);
            }
        }
        return app;
    }

    @Test
    void takesWhatMavenHasBuilt() throws IOException, InterruptedException {
        Path app = packaged();
        Launched run = launch(inJdk(""), "", "doctor");
        assertEquals(new Launched(0, run.out(), ""), run);
        assertTrue(run.out().contains("--module-path\n" + app + "\n"), run.out());
        assertTrue(Files.exists(app.resolve("built")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rseq4j-core/src/main/java/Source.java", "rseq4j-cli/pom.xml", "pom.xml",
        "rseq4j-trace/target/rseq4j-trace-1.0.jar", "rseq4j-cli/target/app/rseq4j-cli-0.9.jar"})
    void buildsWhereMavenHasBuiltSomethingElse(String changed) throws IOException, InterruptedException {
        Path app = packaged();
        Files.writeString(dated(home.resolve(changed), 3), "changed");
        Launched run = launch(inJdk(""), "", "doctor");
        assertEquals(5, run.exit(), run.out());
        assertTrue(run.err().contains("must be built"), run.err());
        assertTrue(Files.notExists(app.resolve("built")));
    }

    @Test
    void refusesWhereNothingIsBuiltAndThereIsNoSource() throws IOException, InterruptedException {
        Launched run = launch(inJdk(""), "", "doctor");
        assertEquals(5, run.exit());
        assertTrue(run.err().contains("get a whole copy"), run.err());
    }

    @Test
    void namesTheRemedyWhereThereIsNoMaven() throws IOException, InterruptedException {
        write(home.resolve("pom.xml"), "");
        Launched run = launch(inJdk(""), "", "doctor");
        assertEquals(5, run.exit());
        assertTrue(run.err().contains("MVNW_REPOURL"), run.err());
    }

    /** The repository is a folder, and mvnw downloads by Java, because there is nothing but a JDK. */
    @Test
    void buildsByTheWrapperWhereThereIsOnlyAJdk() throws IOException, InterruptedException {
        write(home.resolve("pom.xml"), "");
        write(home.resolve("mvnw"), Files.readString(ROOT.resolve("mvnw")));
        String properties = ".mvn/wrapper/maven-wrapper.properties";
        write(home.resolve(properties), Files.readString(ROOT.resolve(properties)));
        Path called = folder.resolve("called");
        write(folder.resolve(MAVEN).resolve("bin/mvn"), "#!/bin/sh\nprintf '%s ' \"$@\" >" + called
                + "\nmkdir -p rseq4j-cli/target/app\n");
        Path repository = folder.resolve("repository");
        Path archive = repository.resolve("org/apache/maven/apache-maven/3.9.16/" + MAVEN + "-bin.tar.gz");
        Files.createDirectories(Objects.requireNonNull(archive.getParent()));
        assertEquals(0, new ProcessBuilder("tar", "-C", folder.toString(), "-czf", archive.toString(), MAVEN)
                .start().waitFor());
        Launched run = launch(Path.of(System.getProperty("java.home")), repository.toUri().toString(), "doctor");
        assertTrue(run.err().contains("rseq4j: built"), run.err());
        assertTrue(Files.readString(called, StandardCharsets.UTF_8).endsWith(
                "--projects rseq4j-cli --also-make package "), Files.readString(called));
        assertTrue(Files.exists(folder.resolve(".m2/wrapper/dists").resolve(MAVEN)), "Maven is kept");
    }
}
