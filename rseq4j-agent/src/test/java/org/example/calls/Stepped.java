package org.example.calls;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A program that does the work of {@link Program} as often as each line of its input says. */
public final class Stepped {
    private Stepped() {}

    /** For each line, prints a hash of the results, and the counts up to now. Ends with its input. */
    public static void main(String[] arguments) throws Exception {
        System.out.println("ready");
        String members = members();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            int hash = 0;
            for (int i = 0; i < Integer.parseInt(line); i++) {
                hash = hash * 31 + new Program.Work(i % 3 == 0 ? "three" : null, i).all(i).hashCode();
            }
            System.out.println("hash " + hash + (members.equals(members()) ? "" : " members: " + members()));
            System.out.println("counts " + Program.counts());
        }
        System.out.println("ended");
    }

    private static String members() {
        return Arrays.toString(Program.Work.class.getDeclaredMethods())
                + Arrays.toString(Program.Work.class.getDeclaredFields());
    }
}
