package io.github.rseq4j.registration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The message about a thread that cannot be registered states the request, the answer and the remedy. */
final class RegistrationTest {
    @ParameterizedTest
    @CsvSource({
        "1, EPERM, seccomp", "2, does not count, let it register", "12, ENOMEM, report this", "13, EACCES, seccomp",
        "14, EFAULT, report this", "22, EINVAL, LD_PRELOAD", "38, ENOSYS, CONFIG_RSEQ",
        "75, EOVERFLOW, drop their counts",
        "95, EOPNOTSUPP, LD_PRELOAD", "99, errno 99, report this", "125, ECANCELED, a thread that goes on"})
    void reportsTheAnswerAndItsRemedy(int answer, String reason, String remedy) {
        Registration claim = new Registration(Owner.OWN, 64, 0, 0, "", "", "");
        Registration told = claim.proven(() -> 0, -answer);
        assertEquals(Owner.NONE, told.owner());
        assertTrue(told.reason().contains(reason), told::toString);
        assertTrue(told.remedy().contains(remedy), told::toString);
        assertFalse(told.reason().contains("__rseq_size"), "the message does not mention libc");
    }
}
