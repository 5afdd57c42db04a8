package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.LocalVariable;
import com.sun.jdi.Method;
import com.sun.jdi.StackFrame;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.event.LocatableEvent;
import com.sun.jdi.event.MethodEntryEvent;
import com.sun.jdi.request.EventRequest;
import com.sun.jdi.request.EventRequestManager;
import com.sun.jdi.request.MethodEntryRequest;
import com.sun.jdi.request.StepRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.example.calls.Debugged;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A debugger that connects sees the lines and the variables of the program, whether the agent is attached or not. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class DebuggerTest {
    private static final String TRACED = Debugged.Work.class.getName();
    private static final String RULE = "method=" + TRACED + "::*,mode=time,over=1000s,args";
    private static final String RULE_OF_CONSTRUCTOR = ";method=" + TRACED + "::<init>,mode=count";
    private static final List<String> JDWP = List.of("-XX:+EnableDynamicAgentLoading", "-Xverify:all",
            "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0");
    private static final int BREAKPOINT_AT = 2;
    /** The events of a call, with lines relative to the first one of the method. */
    private static final List<String> EXPECTED = List.of(
            "entry <init> 0: name=\"abc\"",
            "entry length 0: number=7 factor=2",
            "breakpoint length 2: number=7 factor=2 sum=7 both=\"abc7\"",
            "step length 3: number=7 factor=2 sum=11 both=\"abc7\"",
            "step main");

    @TempDir
    private Path folder;

    /** A debugger that is connected to the program. */
    private static final class Debugger implements AutoCloseable {
        private final Child child;
        private final VirtualMachine machine;
        private final MethodEntryRequest entries;
        private final Method length;

        /** Connects to the address that the JVM prints. */
        Debugger(Child child, boolean isFirst) throws Exception {
            this.child = child;
            String listening = listening(child);
            if (isFirst) {
                assertEquals(List.of("ready 2"), child.linesTo("ready"));
            }
            AttachingConnector connector = Bootstrap.virtualMachineManager().attachingConnectors().stream()
                    .filter(each -> each.name().equals("com.sun.jdi.SocketAttach")).findFirst().orElseThrow();
            Map<String, Connector.Argument> arguments = connector.defaultArguments();
            Objects.requireNonNull(arguments.get("hostname")).setValue("127.0.0.1");
            Objects.requireNonNull(arguments.get("port")).setValue(listening.substring(listening.lastIndexOf(' ') + 1));
            machine = connector.attach(arguments);
            length = machine.classesByName(TRACED).getFirst().methodsByName("length").getFirst();
            // The first call links. Events of entries would slow down all that the JVM does for that.
            child.say("1");
            assertEquals(List.of("result 10"), child.linesTo("result "));
            EventRequestManager requests = machine.eventRequestManager();
            requests.createBreakpointRequest(
                    length.locationsOfLine(length.location().lineNumber() + BREAKPOINT_AT).getFirst()).enable();
            entries = requests.createMethodEntryRequest();
            entries.addClassFilter(TRACED);
        }

        /** Lets the program call the method, and returns what the debugger sees. */
        List<String> call() throws Exception {
            entries.enable();
            child.say("7");
            List<String> seen = new ArrayList<>();
            boolean isOver = false;
            while (!isOver) {
                EventSet events = machine.eventQueue().remove();
                for (Event event : events) {
                    if (event instanceof LocatableEvent at) {
                        isOver |= at.location().method().name().equals("main");
                        seen.add(text(at));
                        stepFrom(at, isOver);
                    }
                }
                events.resume();
            }
            assertEquals(List.of("result 22"), child.linesTo("result "));
            return seen;
        }

        private void stepFrom(LocatableEvent at, boolean isOver) {
            EventRequestManager requests = machine.eventRequestManager();
            if (at instanceof BreakpointEvent) {
                entries.disable();
                StepRequest step = requests.createStepRequest(at.thread(), StepRequest.STEP_LINE,
                        StepRequest.STEP_OVER);
                step.setSuspendPolicy(EventRequest.SUSPEND_ALL);
                step.enable();
            } else if (isOver) {
                requests.deleteEventRequests(List.copyOf(requests.stepRequests()));
            }
        }

        private static String text(LocatableEvent event) throws Exception {
            Method method = event.location().method();
            String kind = event instanceof MethodEntryEvent ? "entry" : event instanceof BreakpointEvent ? "breakpoint"
                    : "step";
            if (method.name().equals("main")) {
                return kind + " main";
            }
            return kind + " " + method.name() + " " + (event.location().lineNumber() - method.location().lineNumber())
                    + ":" + variables(event.thread());
        }

        private static String variables(ThreadReference thread) throws Exception {
            StackFrame frame = thread.frame(0);
            StringBuilder text = new StringBuilder();
            for (LocalVariable each : frame.visibleVariables()) {
                text.append(' ').append(each.name()).append('=').append(frame.getValue(each));
            }
            return text.toString();
        }

        int firstLine() {
            return length.location().lineNumber();
        }

        @Override
        public void close() {
            machine.dispose();
        }
    }

    private static String listening(Child child) throws Exception {
        return child.linesTo("Listening for transport").getLast();
    }

    @Test
    void seesTheSameBeforeAttachAndAfterItAndAfterDetach() throws Exception {
        Path jar = AgentJar.make(folder);
        try (Child child = Child.start(JDWP, Debugged.class)) {
            int line;
            String cleared = "a debugger may be connected: connect it again, because the JVM has cleared the"
                    + " breakpoints in 1 class\n";
            try (Debugger debugger = new Debugger(child, true)) {
                line = debugger.firstLine();
                assertEquals(EXPECTED, debugger.call());
                // The debugger is still connected, with its breakpoint.
                String answer = child.agent(jar, RULE + RULE_OF_CONSTRUCTOR);
                assertTrue(answer.startsWith("ok\n2 methods of 1 loaded class") && answer.contains(cleared), answer);
            }
            try (Debugger debugger = new Debugger(child, false)) {
                assertEquals(line, debugger.firstLine());
                assertEquals(EXPECTED, debugger.call());
                assertEquals(2, child.calls().get("Work.length"));
                assertEquals(2, child.calls().get("Work.<init>"));
                String answer = child.agent(jar, "detach");
                assertTrue(answer.startsWith("ok\n1 class is restored\n" + cleared), answer);
            }
            try (Debugger debugger = new Debugger(child, false)) {
                assertEquals(line, debugger.firstLine());
                assertEquals(EXPECTED, debugger.call());
            }
            listening(child);
            assertEquals(List.of("ended"), child.end());
        }
    }

    @Test
    void seesTheSameInAProgramThatStartsWithTheAgent() throws Exception {
        List<String> options = new ArrayList<>(JDWP);
        options.add("-javaagent:" + AgentJar.make(folder) + "=" + RULE);
        try (Child child = Child.start(options, Debugged.class);
             Debugger debugger = new Debugger(child, true)) {
            assertEquals(EXPECTED, debugger.call());
            assertEquals(3, child.calls().get("Work.length"));
        }
    }
}
