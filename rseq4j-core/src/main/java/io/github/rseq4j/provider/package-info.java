/** The provider image: registration and sections as a shared object for native code, and its C header. */
package io.github.rseq4j.provider;
