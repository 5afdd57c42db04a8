package io.github.rseq4j.cli.agent;

import org.jline.keymap.KeyMap;
import org.jline.terminal.Terminal;
import org.jline.utils.InfoCmp.Capability;

/** The meanings of keys. */
enum TopKey {
    CALLS, TOTAL, P50, P99, MAX, REVERSE, SINCE_ATTACH, PAUSE, FILTER, HELP, QUIT, REDRAW, UP, DOWN, PAGE_UP, PAGE_DOWN,
    FIRST, LAST, ACCEPT, CANCEL, DELETE, CLEAR, TEXT, NONE;

    private static final long ESCAPE_MILLIS = 100;

    /** Returns the keys of the table. */
    static KeyMap<TopKey> ofTable(Terminal terminal) {
        KeyMap<TopKey> keys = keys(terminal);
        keys.setUnicode(NONE);
        keys.setNomatch(NONE);
        keys.bind(CALLS, "c");
        keys.bind(TOTAL, "t");
        keys.bind(P50, "5");
        keys.bind(P99, "9");
        keys.bind(MAX, "m");
        keys.bind(REVERSE, "r");
        keys.bind(SINCE_ATTACH, "a");
        keys.bind(PAUSE, "p");
        keys.bind(FILTER, "/");
        keys.bind(HELP, "h", "?");
        keys.bind(QUIT, "q", KeyMap.ctrl('C'), KeyMap.ctrl('D'));
        keys.bind(REDRAW, KeyMap.ctrl('L'));
        keys.bind(UP, "k");
        keys.bind(DOWN, "j");
        keys.bind(PAGE_DOWN, " ");
        keys.bind(FIRST, "g");
        keys.bind(LAST, "G");
        return keys;
    }

    /** Returns the keys of the line in which a filter is written. */
    static KeyMap<TopKey> ofFilter(Terminal terminal) {
        KeyMap<TopKey> keys = keys(terminal);
        keys.setUnicode(TEXT);
        keys.setNomatch(NONE);
        keys.bind(TEXT, KeyMap.range(" -~"));
        keys.bind(ACCEPT, "\r", "\n");
        keys.bind(CANCEL, KeyMap.esc(), KeyMap.ctrl('C'));
        keys.bind(DELETE, KeyMap.del(), KeyMap.ctrl('H'));
        keys.bind(CLEAR, KeyMap.ctrl('U'));
        return keys;
    }

    private static KeyMap<TopKey> keys(Terminal terminal) {
        KeyMap<TopKey> keys = new KeyMap<>();
        keys.setAmbiguousTimeout(ESCAPE_MILLIS);
        bind(keys, UP, terminal, Capability.key_up, "\033[A", "\033OA");
        bind(keys, DOWN, terminal, Capability.key_down, "\033[B", "\033OB");
        bind(keys, PAGE_UP, terminal, Capability.key_ppage, "\033[5~");
        bind(keys, PAGE_DOWN, terminal, Capability.key_npage, "\033[6~");
        bind(keys, FIRST, terminal, Capability.key_home, "\033[H", "\033OH", "\033[1~");
        bind(keys, LAST, terminal, Capability.key_end, "\033[F", "\033OF", "\033[4~");
        return keys;
    }

    private static void bind(KeyMap<TopKey> keys, TopKey key, Terminal terminal, Capability capability,
            String... sequences) {
        String own = KeyMap.key(terminal, capability);
        if (own != null && !own.isEmpty()) {
            keys.bind(key, own);
        }
        keys.bind(key, sequences);
    }
}
