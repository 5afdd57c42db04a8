/**
 * Restartable sections of your own. A {@link io.github.rseq4j.section.SectionBuilder} composes a section from steps and
 * proves it; a {@link io.github.rseq4j.section.RestartableSection} runs it.
 *
 * <p><b>Restricted.</b> A section reads and writes memory at addresses that are arguments or loaded words. The
 * addresses are not checked: a wrong one damages memory or ends the JVM. So building a section is a restricted
 * operation, like those of {@code java.lang.foreign}. The constructor of the builder throws
 * {@link java.lang.IllegalCallerException} unless the caller's module has native access ({@code
 * --enable-native-access}, or {@code Enable-Native-Access} in the manifest of the program's jar). On the class path the
 * JVM grants native access, with a warning when this library first uses it. Where the fallback runs, a section reaches
 * only memory of {@code PerCpuItems}, and the constructor does not check for native access. Any code that has a {@code
 * RestartableSection} may call it, so do not pass one to code that must not have native access.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.section;
