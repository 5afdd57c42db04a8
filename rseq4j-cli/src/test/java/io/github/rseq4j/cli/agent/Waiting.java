package io.github.rseq4j.cli.agent;

import java.io.IOException;
import java.io.OutputStream;

/** A program that runs until its standard input ends. */
public final class Waiting {
    private Waiting() {}

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        System.in.transferTo(OutputStream.nullOutputStream());
    }
}
