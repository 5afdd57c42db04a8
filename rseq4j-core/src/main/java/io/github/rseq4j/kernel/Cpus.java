package io.github.rseq4j.kernel;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The CPU ids that this machine can ever have. */
public final class Cpus {
    private static final String POSSIBLE = "/sys/devices/system/cpu/possible";

    private Cpus() {}

    /**
     * Returns one more than the largest CPU id possible: the number of indices an area needs, by cpu_id as by mm_cid.
     * Ids may exceed the number of CPUs (containers, offline CPUs), so no count will do.
     */
    public static int possible() {
        // A plain stream, because the first use of java.nio.file costs some milliseconds of a JVM's start.
        try (FileInputStream in = new FileInputStream(POSSIBLE)) {
            return parse(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
        } catch (IOException | IllegalArgumentException e) {
            // Without sysfs the kernel still tells how many bits its CPU masks have.
            return Linux.sched_getaffinity(0).length * Long.SIZE;
        }
    }

    /**
     * Reads the kernel's list format: {@code 0-3,8,10-11}.
     *
     * @param list the text
     * @return one more than its largest number
     * @throws IllegalArgumentException when it is no such list
     */
    static int parse(String list) {
        int largest = -1;
        for (String part : list.strip().split(",", -1)) {
            String last = part.substring(part.indexOf('-') + 1);
            largest = Math.max(largest, Integer.parseInt(last));
        }
        return largest + 1;
    }
}
