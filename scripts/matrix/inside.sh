# inside.sh [structures | brief]
#
# Runs inside the other machine or libc, in a folder with the jars and librseq4j.so. Prints lines that run reads.
status=0
# An emulator with one thread for many CPUs gives waiting threads of the collector and the compiler as much time as the
# threads of a test.
[ "${1-}" != brief ] || export JAVA_TOOL_OPTIONS='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'
java --enable-native-access=ALL-UNNAMED -cp '*' io.github.rseq4j.matrix.MatrixMain "$@" || status=1
# What the JVM had to say if it crashed: it is gone with the machine.
cat hs_err*.log 2>/dev/null
# A short run where libc does not register: by ourselves, and with the image preloaded.
company() { java --enable-native-access=ALL-UNNAMED -cp '*' io.github.rseq4j.engine.CompanyChild count used; }
echo "=====OWN"
GLIBC_TUNABLES=glibc.pthread.rseq=0 company || status=1
echo "=====PRELOADED"
LD_PRELOAD=$PWD/librseq4j.so GLIBC_TUNABLES=glibc.pthread.rseq=0 company || status=1
echo "=====DONE"
exit $status
