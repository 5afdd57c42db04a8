/*
 * Sharing one registration: a thread from its creation to its end, and signal handlers that run at any point where
 * signals are not blocked. docs/protocol.md explains the protocol; `check` has the configurations that must hold, and
 * the variants that must fail.
 *
 * One thread is enough, because count, state and area are thread-local. Ordinary code and handlers call the functions
 * in any order, without bound. One handler may interrupt another. The number of signals is not bounded.
 */

#include "configuration.h"

/* Parties that asked for the registration and have not given it up. Only the properties use these variables. */
bool joined = false;                      /* by rseq4j_join, for any section of this thread */
bool thread_holds = false;                /* the thread's own code, by rseq4j_register */
bool handler_1_holds = false;
bool handler_2_holds = false;
bool kept = false;                        /* a handler that has returned */
bool outsider_holds = false;
bool libc_holds = false;
bool uncounted_holds = false;             /* libc or an outsider, without a count */
byte stand_in = 0;                        /* 1: a count stands for a party that does not count */
bool nobody = false;

#define HELD_BY_US (joined + thread_holds + handler_1_holds + handler_2_holds + kept)
#define HELD (HELD_BY_US + outsider_holds + libc_holds)

/* The thread's registration in the kernel, and its signals. */

#define NOWHERE   0                       /* where the thread is registered */
#define AREA      1                       /* the area that the protocol shares: __rseq_abi, or libc's */
#define ELSEWHERE 2                       /* an area of a party outside of the protocol */
#define FULL      3                       /* the shared area, with more than the original length of AREA */

mtype = { OK, EBUSY, EINVAL, ECANCELED, EOVERFLOW, ENOENT, EOPNOTSUPP };

byte registered = NOWHERE;
bool signals_blocked = SIGNALS_BLOCKED_AT_CREATION;
byte level = 0;                           /* what runs: 0 ordinary code, 1 a handler, 2 a handler in a handler */
bool tls_reclaimed = false;               /* the memory of the area and the count may have another use now */
bool thread_gone = false;

/* Variables of the properties. */
bool dropped_under_holder = false;        /* P1 */
bool registered_twice = false;            /* P3 */
bool by_uncounted = false;                /* the party that registered does not count */
bool refused = false;                     /* P6 */
byte inside = 0;                          /* the number of functions of the protocol that are running */

/* The area that rseq4j registers, and its count. */
#if OURS_IS_DORMANT
#define OURS ELSEWHERE
#define OUR_COUNT rseq4j_libc_refcount
#define WHO_COUNT HELD_BY_US
#else
#define OURS AREA
#define OUR_COUNT __rseq_refcount
#define WHO_COUNT HELD
#endif
#if IS_FULL
#define OURS_FIRST FULL
#else
#define OURS_FIRST OURS
#endif

/* The kernel writes the area while it is registered; cpu_id is not negative then. */
#define area_is_registered (registered == AREA || registered == FULL)
#define cpu_id_is_valid (registered == OURS || registered == FULL)

/* rseq(area, length, 0, signature). A party that counts may get EBUSY only from parties that do not count. */
inline rseq(area, counts) {
    d_step {
        if
        :: registered == NOWHERE -> registered = area; answer = OK;
           printf("REACHED rseq registers, at level %d\n", level)
        :: registered == area -> answer = EBUSY
        :: else -> answer = EINVAL
        fi;
        registered_twice = registered_twice || (counts && answer == EBUSY && !by_uncounted);
        by_uncounted = by_uncounted || (!counts && answer == OK)
    }
}

/* rseq(area, length, RSEQ_FLAG_UNREGISTER, signature). The caller has dropped its count before. */
inline rseq_unregister(area) {
    d_step {
        if
        :: registered == area -> registered = NOWHERE; by_uncounted = false; answer = OK;
           dropped_under_holder = dropped_under_holder || (HELD != 0);
           printf("REACHED rseq unregisters, at level %d\n", level)
        :: else -> answer = EINVAL
        fi
    }
}

/* rt_sigprocmask(2). Each process of this model has its own former mask. */
inline block_signals() {
    d_step { former = signals_blocked; signals_blocked = former || SIGNALS_ARE_BLOCKED; inside++ }
}

inline restore_signals() {
    d_step { signals_blocked = former; inside-- }
}

inline let_signals_come() {
    signals_blocked = former;
    signals_blocked = true
}

/* The functions of rseq4j, with the names of ProviderRoutines. */

#define NEW       0
#define JOINED    1
#define TOMBSTONE 2

byte __rseq_refcount = 0;                 /* shared by all parties that count */
byte rseq4j_libc_refcount = 0;            /* the same for libc's area */
byte rseq4j_users = 0;                    /* the number of these counts that rseq4j_register took */
byte rseq4j_state = NEW;
bool rseq4j_armed = false;                /* rseq4j_leave will be called at the thread's end */

#define INCREMENTED ((OUR_COUNT + 1) % (UINT_MAX + 1))

/* Tries both lengths of rseq4j: an area that another party registered answers only to the original one. */
inline rseq_of_either_length() {
    rseq(OURS_FIRST, true);
    if
    :: answer == EINVAL && IS_FULL && TRIES_EITHER_LENGTH -> rseq(OURS, true)
    :: else
    fi
}

inline rseq_unregister_of_either_length() {
    rseq_unregister(OURS_FIRST);
    if
    :: answer == EINVAL && IS_FULL && TRIES_EITHER_LENGTH -> rseq_unregister(OURS)
    :: else
    fi
}

/* The other holders will unregister with the original length. Signals are blocked, so no code sees the gap. */
inline hand_over() {
    if
    :: IS_FULL && HANDS_OVER && rseq4j_users == 0 && rseq4j_state != JOINED && registered == FULL ->
        d_step { registered = NOWHERE; printf("REACHED the full length is handed over, at level %d\n", level) };
        rseq(OURS, true)
    :: else
    fi
}

inline acquire() {
    if
    :: !AREA_IS_COUNTED && cpu_id_is_valid -> answer = OK
    :: !AREA_IS_COUNTED && !cpu_id_is_valid && !REGISTERS_FOR_OWNER -> answer = ENOENT
    :: !AREA_IS_COUNTED && !cpu_id_is_valid && REGISTERS_FOR_OWNER -> rseq(OURS, false)
    :: AREA_IS_COUNTED && OUR_COUNT == UINT_MAX && OVERFLOW_IS_REFUSED ->
        d_step { answer = EOVERFLOW; printf("REACHED overflow is refused\n") }
    :: AREA_IS_COUNTED && OUR_COUNT != 0 && !(OUR_COUNT == UINT_MAX && OVERFLOW_IS_REFUSED) ->
        d_step { OUR_COUNT = INCREMENTED; answer = OK }
    :: AREA_IS_COUNTED && OUR_COUNT == 0 ->
        rseq_of_either_length();
        if
        :: answer == OK -> OUR_COUNT = 1
        :: answer == EBUSY ->             /* one count stands for the party that does not count, forever */
            d_step {
                OUR_COUNT = COUNT_ON_EBUSY; stand_in = COUNT_ON_EBUSY - 1; answer = OK;
                printf("REACHED EBUSY counts for two\n")
            }
        :: answer == EINVAL ->            /* another area is registered */
            if
            :: EINVAL_IS_PASSED_ON -> printf("REACHED EINVAL is passed on\n")
            :: else -> d_step { OUR_COUNT = 1; answer = OK }
            fi
        fi
    fi
}

inline release() {
    if
    :: !AREA_IS_COUNTED -> answer = OK
    :: AREA_IS_COUNTED && OUR_COUNT == 0 -> answer = EINVAL
    :: AREA_IS_COUNTED && OUR_COUNT != 0 ->
        d_step { OUR_COUNT--; answer = OK };
        if
        :: OUR_COUNT == 0 -> rseq_unregister_of_either_length()
        :: OUR_COUNT != 0 -> hand_over()
        fi
    fi
}

/* `asker` belongs to the properties: a party that must be registered from now on. */
inline rseq4j_register(asker) {
    block_signals();
    if
    :: rseq4j_state == TOMBSTONE ->
        d_step { answer = ECANCELED; printf("REACHED the tombstone refuses a count, at level %d\n", level) }
    :: else ->
        acquire();
        if
        :: answer == OK -> d_step { rseq4j_users++; asker = true }
        :: else
        fi
    fi;
    restore_signals()
}

inline rseq4j_unregister(asker) {
    block_signals();
    if
    :: rseq4j_users == 0 && UNDERFLOW_IS_REFUSED ->
        d_step { answer = EINVAL; printf("REACHED underflow is refused, at level %d\n", level) }
    :: else ->
        d_step {
            asker = false;
            if :: rseq4j_users != 0 -> rseq4j_users-- :: else fi
        };
        release()
    fi;
    restore_signals()
}

/* Takes a count for the thread's life; a second call changes nothing. */
inline rseq4j_join() {
    if
    :: rseq4j_state == JOINED -> answer = OK
    :: else ->
        block_signals();
        if
        :: rseq4j_state == TOMBSTONE ->
            d_step { answer = ECANCELED; printf("REACHED the tombstone refuses to join, at level %d\n", level) }
        :: rseq4j_state == JOINED -> answer = OK
        :: rseq4j_state == NEW && TLS == TLS_IS_RECLAIMED && !rseq4j_armed && UNARMED_IS_REFUSED ->
            d_step { answer = EOPNOTSUPP; printf("REACHED an unarmed thread may not join, at level %d\n", level) }
        :: rseq4j_state == NEW && !(TLS == TLS_IS_RECLAIMED && !rseq4j_armed && UNARMED_IS_REFUSED) ->
            acquire();
            if
            :: answer == OK -> d_step { rseq4j_state = JOINED; joined = true }
            :: else
            fi
        fi;
        restore_signals()
    fi
}

/* The destructor, where TLS does not outlive the thread. LEAVE is TOMBSTONE_FIRST except in variants. */
inline rseq4j_leave() {
    block_signals();
    d_step { was = rseq4j_state; joined = false };
    if
    :: LEAVE == TOMBSTONE_FIRST -> rseq4j_state = TOMBSTONE
    :: LEAVE == TOMBSTONE_THEN_SIGNALS -> rseq4j_state = TOMBSTONE; let_signals_come()
    :: LEAVE == TOMBSTONE_LAST || LEAVE == NO_TOMBSTONE -> rseq4j_state = NEW
    fi;
    if
    :: was == JOINED -> release()
    :: else
    fi;
    if
    :: LEAVE_GIVES_ALL_BACK ->
        do
        :: rseq4j_users > 0 ->
            d_step { rseq4j_users--; kept = false; thread_holds = false };
            release()
        :: rseq4j_users == 0 -> break
        od
    :: else
    fi;
    if
    :: LEAVE == TOMBSTONE_LAST -> let_signals_come(); rseq4j_state = TOMBSTONE
    :: else
    fi;
    restore_signals()
}

/* The other parties: libc, and an outsider. */
inline libc_start() {
    if
    :: LIBC == LIBC_DOES_NOTHING -> skip
    :: LIBC == LIBC_SETS_TO_ONE ->
        block_signals();
        rseq(AREA, true);
        d_step { __rseq_refcount = 1; libc_holds = true };
        restore_signals()
    :: LIBC == LIBC_INCREMENTS ->
        block_signals();
        if
        :: __rseq_refcount == UINT_MAX -> skip
        :: __rseq_refcount > 0 && __rseq_refcount < UINT_MAX ->
            d_step {
                __rseq_refcount++; libc_holds = true;
                printf("REACHED libc finds a handler's count\n")
            }
        :: __rseq_refcount == 0 -> rseq(AREA, true); d_step { __rseq_refcount = 1; libc_holds = true }
        fi;
        restore_signals()
    :: LIBC == LIBC_DOES_NOT_COUNT ->
        rseq(AREA, false); uncounted_holds = true
    fi
}

/* Signals are blocked: no code runs after this. */
inline libc_end() {
    if
    :: libc_holds && TLS == TLS_IS_RECLAIMED ->
        d_step { libc_holds = false; __rseq_refcount-- };
        if
        :: __rseq_refcount == 0 -> rseq_unregister(AREA)
        :: else
        fi
    :: else
    fi
}

inline outsider_register() {
    if
    :: OUTSIDER == OUTSIDER_COUNTS ->
        block_signals();
        if
        :: __rseq_refcount == UINT_MAX -> skip
        :: __rseq_refcount > 0 && __rseq_refcount < UINT_MAX ->
            d_step { __rseq_refcount++; outsider_holds = true }
        :: __rseq_refcount == 0 ->
            rseq(AREA, true);
            if
            :: answer == OK -> d_step { __rseq_refcount = 1; outsider_holds = true }
            :: answer == EBUSY -> d_step { __rseq_refcount = 2; stand_in = 1; outsider_holds = true }
            :: answer == EBUSY || answer == EINVAL ->          /* gives up, as librseq did in 2018 */
                refused = refused || answer == EINVAL
            fi
        fi;
        restore_signals()
    :: OUTSIDER == OUTSIDER_LOADS_ADDS_STORES ->
        inside++;
        loaded = __rseq_refcount;
        __rseq_refcount = loaded + 1;
        if
        :: loaded == 0 -> rseq(AREA, true)
        :: else
        fi;
        d_step { outsider_holds = true; inside-- }
    :: OUTSIDER == OUTSIDER_ADDS_ATOMICALLY ->
        inside++;
        d_step { loaded = __rseq_refcount; __rseq_refcount++ };
        if
        :: loaded == 0 -> rseq(AREA, true)
        :: else
        fi;
        d_step { outsider_holds = true; inside-- }
    :: OUTSIDER == OUTSIDER_STAYS || OUTSIDER == OUTSIDER_LEAVES ->
        rseq(AREA, false);
        /* The owner of an uncounted area takes EBUSY for a fault: librseq of today ends the process. */
        refused = refused || answer == EINVAL || (answer == EBUSY && !AREA_IS_COUNTED);
        if
        :: answer == OK || answer == EBUSY -> uncounted_holds = true
        :: else
        fi
    :: OUTSIDER == OUTSIDER_IS_ELSEWHERE -> rseq(ELSEWHERE, false); refused = refused || answer == EINVAL
    fi
}

/* In its destructor, or before. */
inline outsider_unregister() {
    if
    :: OUTSIDER == OUTSIDER_COUNTS ->
        block_signals();
        d_step { outsider_holds = false; __rseq_refcount-- };
        if
        :: __rseq_refcount == 0 -> rseq_unregister(AREA)
        :: else
        fi;
        restore_signals()
    :: OUTSIDER == OUTSIDER_LOADS_ADDS_STORES ->
        d_step { outsider_holds = false; inside++ };
        loaded = __rseq_refcount;
        __rseq_refcount = loaded - 1;
        if
        :: loaded == 1 -> rseq_unregister(AREA)
        :: else
        fi;
        inside--
    :: OUTSIDER == OUTSIDER_ADDS_ATOMICALLY ->
        d_step { outsider_holds = false; inside++ };
        d_step { loaded = __rseq_refcount; __rseq_refcount-- };
        if
        :: loaded == 1 -> rseq_unregister(AREA)
        :: else
        fi;
        inside--
    :: OUTSIDER == OUTSIDER_LEAVES -> uncounted_holds = false; rseq_unregister(AREA)
    fi
}

/* Ordinary code of the thread. `asks` tells whether it takes counts; it may always give them back. */
inline ordinary_code(asks) {
    if
    :: asks -> rseq4j_join()              /* a section has found the thread unregistered */
    :: asks && !thread_holds -> rseq4j_register(thread_holds)
    :: thread_holds -> rseq4j_unregister(thread_holds)
    :: (asks && OUTSIDER != NO_OUTSIDER && !outsider_holds && !uncounted_holds
            && (OUTSIDER_COMES_AGAIN || !outsider_ended)) -> outsider_register()
    :: outsider_holds -> outsider_unregister()
    fi
}

active proctype thread() provided (level == 0) {
    bool former;
    mtype answer = OK;
    byte was;
    byte loaded;
    byte destructors = 0;
    bool outsider_ended = false;

    libc_start();
    signals_blocked = false;
    destructors = DESTRUCTORS_ARMED;
    rseq4j_armed = (destructors > 0);
    if
    :: JOINS_AT_START != NO -> rseq4j_join()
    :: JOINS_AT_START != YES -> skip
    fi;

    do
    :: ordinary_code(true)
    :: break
    od;

    /* Destructors, in any order, and in any number of rounds. */
    do
    :: ordinary_code(DESTRUCTORS_ASK)
    :: destructors > 0 -> destructors--; rseq4j_leave()
    :: !outsider_ended ->
        outsider_ended = true;
        if
        :: outsider_holds || (uncounted_holds && OUTSIDER == OUTSIDER_LEAVES) -> outsider_unregister()
        :: else
        fi
    :: TLS == TLS_OUTLIVES_THREAD || (destructors == 0 && outsider_ended && !thread_holds
            && (OUTSIDER_COMES_AGAIN || !outsider_holds)) -> break
    od;

    signals_blocked = true;
    former = true;
    libc_end();
    if
    :: TLS == TLS_IS_RECLAIMED -> tls_reclaimed = true
    :: else
    fi;
    d_step {
        thread_gone = true;
        if
        :: cpu_id_is_valid -> printf("REACHED the thread ends registered\n")
        :: else -> printf("REACHED the thread ends unregistered\n")
        fi;
        registered = NOWHERE
    }
}

/* A handler; `holds` tells whether it holds a count. It may be interrupted where it has not blocked signals. */
inline handler(holds) {
    if
    :: rseq4j_join()
    :: rseq4j_register(holds);
        if
        :: holds -> rseq4j_unregister(holds)
        :: else
        fi
    :: HANDLERS_KEEP && level == 1 && !kept -> rseq4j_register(kept)
    :: HANDLERS_KEEP && level == 1 && kept -> rseq4j_unregister(kept)
    :: !HANDLERS_KEEP && rseq4j_users == 0 -> rseq4j_unregister(nobody)
    fi;
    d_step { answer = OK; former = false; level-- }
}

active proctype handler_1() provided (level == 1) {
    bool former;
    mtype answer = OK;
end:
    do
    :: handler(handler_1_holds)
    od
}

active proctype handler_2() provided (level == 2) {
    bool former;
    mtype answer = OK;
end:
    do
    :: handler(handler_2_holds)
    od
}

/* A signal arrives at any time at which it can. */
active proctype signals() {
end:
    do
    :: atomic { !signals_blocked && level < 2 -> level++ }
    od
}

/* P1: not unregistered while a party holds a count; hand_over is exempt, because P5 shows that no code sees it. */
never P1 { do :: dropped_under_holder -> break :: else od }

/* P2: not registered in reclaimed memory, to which the kernel would write. */
never P2 { do :: tls_reclaimed && !thread_gone && registered != NOWHERE -> break :: else od }

/* P3: no party that counts registers an area that another such party has registered. */
never P3 { do :: registered_twice -> break :: else od }

/* P4: while no function of the protocol runs, the count is the number of holders. */
never P4 {
    do
    :: AREA_IS_COUNTED && inside == 0 && !thread_gone && OUR_COUNT != WHO_COUNT + stand_in -> break
    :: else
    od
}

/* P5: a party that was told yes stays registered until it gives that up, at every point where it may look. */
never P5 {
    do
    :: !signals_blocked && HELD_BY_US != 0 && !cpu_id_is_valid -> break
    :: !signals_blocked && (HELD != HELD_BY_US || uncounted_holds) && !area_is_registered -> break
    :: else
    od
}

/* P6: no party that registers as its library does is refused. */
never P6 { do :: refused -> break :: else od }
