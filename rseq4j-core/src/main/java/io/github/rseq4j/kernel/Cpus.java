package io.github.rseq4j.kernel;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The CPU ids that this machine can ever have. */
public final class Cpus {
    private static final String POSSIBLE = "/sys/devices/system/cpu/possible";

    private Cpus() {}

    /**
     * Returns one more than the largest possible CPU id. That is the number of indices, by cpu_id and by mm_cid. Ids
     * may exceed the number of CPUs (containers, offline CPUs), so a count of CPUs is not enough.
     */
    public static int possible() {
        // A FileInputStream, because the first use of java.nio.file costs a fresh JVM some milliseconds.
        try (FileInputStream in = new FileInputStream(POSSIBLE)) {
            return parse(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
        } catch (IOException | IllegalArgumentException e) {
            // Without sysfs, the size of the kernel's CPU masks bounds the ids.
            return Linux.sched_getaffinity(0).length * Long.SIZE;
        }
    }

    /**
     * Reads the kernel's list format: {@code 0-3,8,10-11}.
     *
     * @param list the text
     * @return one more than its largest number
     * @throws IllegalArgumentException if the text is not such a list
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
