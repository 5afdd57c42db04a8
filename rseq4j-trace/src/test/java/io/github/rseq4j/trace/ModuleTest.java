package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tracer needs the core and java.base alone; java.management, where it is there, gives names of compiled code. */
class ModuleTest {
    @Test
    void theModuleRequiresTheCoreAlone() {
        Module module = Tracer.class.getModule();
        assumeTrue(module.isNamed(), "on the class path there is no module");
        assertEquals("io.github.rseq4j java.base java.management(static) org.jspecify(static)",
                module.getDescriptor().requires().stream().map(each -> each.name()
                        + (each.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC) ? "(static)" : ""))
                .sorted().collect(Collectors.joining(" ")));
    }

    @Test
    void aTracerRecordsWhereThereIsNoOtherModuleOfTheJdk(@TempDir Path folder)
            throws IOException, InterruptedException {
        String registration = System.getProperty("rseq4j.registration", "auto");
        Child.output(Map.of(), Child.java(List.of("--limit-modules=java.base", "-Drseq4j.registration=" + registration),
                BaseChild.class, folder.resolve("trace").toString()));
        assertEquals(List.of("requests:request_begin[7]", "requests:miss[seven]", "requests:request_end[]"),
                TracerTest.read(folder.resolve("trace"), 0).stream().map(event -> event.name() + event.values())
                        .toList());
    }
}
