package io.github.rseq4j.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The POMs have what a repository asks of a published module, and the BOM and README name each of these modules. */
final class PublishedModulesTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
    private static final Pom PARENT = Pom.read(ROOT.resolve("pom.xml"));
    private static final String VERSION = PARENT.text("version");
    private static final String BOM = "rseq4j-bom";
    private static final Pattern ROW = Pattern.compile("(?m)^\\|( `rseq4j-[a-z0-9-]+`,?)+ \\|");
    private static final Pattern NAME = Pattern.compile("rseq4j-[a-z0-9-]+");

    /** Returns all modules, those of profiles too. */
    private static Map<String, Pom> modules() {
        Map<String, Pom> modules = new TreeMap<>();
        for (String module : PARENT.texts("modules/module | profiles/profile/modules/module")) {
            modules.put(module, Pom.read(ROOT.resolve(module).resolve("pom.xml")));
        }
        return modules;
    }

    private static Map<String, Pom> published() {
        Map<String, Pom> modules = modules();
        modules.values().removeIf(pom -> pom.text("properties/maven.deploy.skip").equals("true"));
        return modules;
    }

    @Test
    void theBomHasEachPublishedModuleAndNoOther() {
        Set<String> libraries = new TreeSet<>(published().keySet());
        assertTrue(libraries.remove(BOM), libraries.toString());
        Pom bom = Pom.read(ROOT.resolve(BOM).resolve("pom.xml"));
        String managed = "dependencyManagement/dependencies/dependency";
        assertEquals(libraries, new TreeSet<>(bom.texts(managed + "/artifactId")));
        assertTrue(libraries.containsAll(Set.of("rseq4j-core", "rseq4j-agent")), libraries.toString());
        assertEquals(Set.of("${project.version}"), Set.copyOf(bom.texts(managed + "/version")));
        assertEquals(Set.of("${project.groupId}"), Set.copyOf(bom.texts(managed + "/groupId")));
    }

    /** A program that imports the BOM gets the parent's managed versions, too. */
    @Test
    void theParentManagesNoDependency() {
        assertEquals(List.of(), PARENT.texts("dependencyManagement | dependencies"));
    }

    @Test
    void theParentHasTheMetadataThatModulesInherit() {
        for (String path : List.of("name", "description", "url", "licenses/license/name", "licenses/license/url",
                "developers/developer/name", "developers/developer/url", "scm/connection", "scm/developerConnection",
                "scm/url")) {
            assertFalse(PARENT.text(path).isEmpty(), path);
        }
        for (String inherited : List.of("@*[name()='child.project.url.inherit.append.path']",
                "scm/@*[name()='child.scm.connection.inherit.append.path']",
                "scm/@*[name()='child.scm.developerConnection.inherit.append.path']",
                "scm/@*[name()='child.scm.url.inherit.append.path']")) {
            assertEquals("false", PARENT.text(inherited), inherited);
        }
    }

    @Test
    void eachModuleHasANameADescriptionAndTheParentsVersion() {
        modules().forEach((module, pom) -> {
            assertEquals(module, pom.text("artifactId"));
            assertFalse(pom.text("name").isEmpty(), module);
            assertFalse(pom.text("description").isEmpty(), module);
            assertEquals("rseq4j-parent", pom.text("parent/artifactId"), module);
            assertEquals(VERSION, pom.text("parent/version"), module);
        });
    }

    @Test
    void eachPublishedLibraryHasJarsOfItsSourcesAndJavadoc() {
        Map<String, Pom> libraries = published();
        libraries.remove(BOM);
        libraries.forEach((module, pom) -> {
            assertTrue(pom.texts("build/plugins/plugin/artifactId").contains("maven-source-plugin"), module);
            assertTrue(pom.texts("properties/javadoc.skip | profiles/profile[id='release']/properties/javadoc.skip")
                    .contains("false"), module);
            assertFalse(pom.text("properties/module.name").isEmpty(), module);
        });
    }

    /** A published module that depends on another of ours finds it in the repository. */
    @Test
    void publishedModulesDependOnPublishedModules() {
        Map<String, Pom> published = published();
        published.forEach((module, pom) -> assertTrue(published.keySet().containsAll(pom.texts("dependencies/dependency"
                + "[groupId='io.github.rseq4j'][not(scope='test')]/artifactId")), module));
    }

    @Test
    void readmeHasEachPublishedModuleAndTheVersion() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        Set<String> libraries = new TreeSet<>(published().keySet());
        libraries.remove(BOM);
        Set<String> rows = ROW.matcher(readme).results().map(MatchResult::group)
                .flatMap(row -> NAME.matcher(row).results().map(MatchResult::group))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(libraries, rows);
        assertTrue(readme.contains("<version>" + VERSION + "</version>"), VERSION);
        assertTrue(readme.contains("platform(\"io.github.rseq4j:rseq4j-bom:" + VERSION + "\")"), VERSION);
    }
}
