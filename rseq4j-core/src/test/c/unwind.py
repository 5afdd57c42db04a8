# Run by gdb: wherever the program looks at an instruction for the first time, gdb must find who called its function.
import gdb

gdb.execute("set pagination off")
gdb.execute("set confirm off")
# All libraries are loaded then, so that each trap is one of a step, or of the breakpoint below.
gdb.Breakpoint("every_function", temporary=True)
gdb.execute("run", to_string=True)
for signal in ("SIGTRAP", "SIGSEGV", "SIGBUS"):
    gdb.execute("handle " + signal + " nostop noprint pass", to_string=True)
gdb.Breakpoint("visited").silent = True
stops = faults = 0
while True:
    # The trap of a breakpoint is not the program's.
    gdb.execute("signal 0", to_string=True)
    if not gdb.selected_inferior().pid:
        break
    stops += 1
    names = []
    frame = gdb.newest_frame()
    while frame is not None:
        names.append("signal" if frame.type() == gdb.SIGTRAMP_FRAME else frame.name())
        frame = frame.older()
    callers = names[names.index("signal") + 2:] if "signal" in names else []
    if callers.count("call_in_steps") != 1 or callers.count("main") != 1 or None in callers[:callers.index("main")]:
        faults += 1
        if faults < 20:
            print("stop", stops, names)
print("stops=%d lost=%d" % (stops, faults))
