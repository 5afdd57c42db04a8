package org.example.calls;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** A program that a debugger stops. For each number that it reads, it prints a result. */
public final class Debugged {
    private Debugged() {}

    /** The class that is traced. A method that runs while its class is transformed has no lines until it returns. */
    public static final class Work {
        private final String name;

        Work(String name) {
            this.name = name;
        }

        int length(int number, long factor) {
            int sum = number;
            String both = name + sum;
            sum += both.length();
            return sum * (int) factor;
        }
    }

    /** Runs until its input ends. */
    public static void main(String[] arguments) throws Exception {
        Work first = new Work("");
        System.out.println("ready " + first.length(1, 1));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            System.out.println("result " + new Work("abc").length(Integer.parseInt(line), 2L));
        }
        System.out.println("ended");
    }
}
