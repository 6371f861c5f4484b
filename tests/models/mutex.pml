/* The robust mutex of lib/twinmap/platform with leases that die and are taken again: robust_mutex.cpp and lease.cpp, one
 * step here per atomic operation or system call there.
 *
 * What is checked, in every interleaving of CONTENDERS processes and up to DEATHS kills at any step:
 *   - never two living holders (assert in the critical section), also when a probe, or a taker of a slot, is overtaken;
 *   - an unlock finds its own word (nobody robbed a living owner);
 *   - nobody sleeps for ever (spin's own check for invalid end states);
 *   - a sleeper needs the end of its slice only if the owner died, or a wake-up died with the process that was to give or
 *     to receive it, or the mutex was released without a wake: no wake-up is lost otherwise (assert at the timeout).
 *
 * What is left out: spinning; the wrap of the incarnation's 19 bits; the lock timeout; weak memory (each access to the word
 * is a read-modify-write, or is confirmed by one).
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_NO_INCARNATION      the word and the byte name only the slot
 *   MISTAKE_UNLOCK_NO_WAKE      an unlock that sees the waiter bit wakes nobody
 *   MISTAKE_TAKE_OVER_DROPS_BIT a take-over forgets who sleeps behind the dead
 *   MISTAKE_WOKEN_TAKES_BARE    a woken waiter does not set the bit again for those who sleep on
 *   MISTAKE_TAKE_WITHOUT_CAS    a taker of a slot stores the incarnation without the second look
 */

#ifndef CONTENDERS
#define CONTENDERS 3
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef PASSES
#define PASSES 1
#endif

#define SLOTS CONTENDERS
#define INCARNATIONS 8
#define NOBODY 255

#ifdef MISTAKE_NO_INCARNATION
#define INC(i) 0
#else
#define INC(i) (i)
#endif

/* The futex word: bits 0-1 slot + 1, bits 2-4 incarnation, bit 5 waiter. */
#define WAITER 32
#define WORD(s, i) ((s) + 1 + (INC(i) << 2))
#define OWNER(w) ((w) & 31)
#define SLOT(w) (((w) & 3) - 1)
#define INCARNATION(w) (((w) >> 2) & 7)
#define BYTE(s, i) held[(s) * INCARNATIONS + INC(i)]
#define OWNER_BYTE(w) held[SLOT(w) * INCARNATIONS + INCARNATION(w)]

byte word;
byte incarnation[SLOTS];
bool held[SLOTS * INCARNATIONS]; /* the kernel's byte locks */

mtype = { busy, asleep, woken, waking };
mtype phase[CONTENDERS]; /* what the kernel, and the excuse for a lost wake-up, need to know */
bool inside[CONTENDERS];
byte living_inside;
bool condemned[CONTENDERS];
bool wake_up_died;
byte deaths;

inline leave_life() {
  living_inside = living_inside - inside[me];
  inside[me] = false;
}

/* lease::take: the lowest slot that can be had. */
inline take_lease() {
  slot = 0;
  do
  :: slot == SLOTS -> slot = 0 /* others are in the way for a moment: look again */
  :: else ->
    last = incarnation[slot];
    if
    :: BYTE(slot, last) -> slot++
    :: else ->
      /* try_lock_byte: of two takers one gets it */
      atomic {
        if
        :: BYTE(slot, last + 1) -> locked = false
        :: else -> BYTE(slot, last + 1) = true; mine = WORD(slot, last + 1); locked = true
        fi
      }
      if
      :: !locked -> slot++
      :: else ->
#if defined(MISTAKE_TAKE_WITHOUT_CAS)
        incarnation[slot] = last + 1; break
#elif defined(MISTAKE_NO_INCARNATION)
        atomic { incarnation[slot] = last + 1; break }
#else
        if
        :: BYTE(slot, last) -> atomic { BYTE(slot, last + 1) = false; mine = 0; slot++ }
        :: else ->
          atomic {
            if
            :: incarnation[slot] == last -> incarnation[slot] = last + 1; break
            :: else -> BYTE(slot, last + 1) = false; mine = 0; slot++
            fi
          }
        fi
#endif
      fi
    fi
  od
}

#define DEAD(w) (!OWNER_BYTE(w))

#ifdef MISTAKE_TAKE_OVER_DROPS_BIT
#define KEPT(w) 0
#else
#define KEPT(w) ((w) & WAITER)
#endif

#ifdef MISTAKE_WOKEN_TAKES_BARE
#define SLOW_BIT 0
#else
#define SLOW_BIT WAITER
#endif

inline enter() {
  inside[me] = true;
  living_inside++;
  assert(living_inside == 1)
}

/* robust_mutex::lock. `seen` is what the process believes, however old. */
inline lock() {
  probe = true;
  if
  :: atomic { word == 0 -> word = mine; enter() }
  :: word != 0 ->
    do
    :: seen = word;
      if
      :: OWNER(seen) == 0 ->
        if
        :: atomic { word == seen -> word = mine | SLOW_BIT; enter(); break }
        :: word != seen
        fi
      :: else ->
        if
        :: probe && DEAD(seen) ->
          if
          :: atomic { word == seen -> word = mine | KEPT(seen); enter(); break }
          :: word != seen
          fi
        :: !probe || !DEAD(seen) ->
          probe = false;
          if
          :: seen & WAITER
          :: atomic { !(seen & WAITER) && word == seen -> word = seen | WAITER; seen = word }
          :: !(seen & WAITER) && word != seen
          fi;
          if
          :: atomic { (seen & WAITER) && word == seen -> phase[me] = asleep }
            if
            :: phase[me] == woken
            :: atomic { timeout ->
                assert(wake_up_died || (OWNER(word) == 0 && (word & WAITER)) ||
                       (OWNER(word) != 0 && DEAD(word)));
                phase[me] = busy; probe = true }
            fi
          :: !((seen & WAITER) && word == seen)
          fi
        fi
      fi
    od
  fi;
  phase[me] = busy
}

inline wake_one() {
  atomic {
    phase[me] = busy;
    if
    :: phase[0] == asleep -> phase[0] = woken
    :: phase[1] == asleep -> phase[1] = woken
#if CONTENDERS > 2
    :: phase[2] == asleep -> phase[2] = woken
#endif
    :: else
    fi
  }
}

/* robust_mutex::unlock, and now and then unlock_without_wake. */
inline unlock() {
  if
  :: atomic { word == mine -> leave_life(); word = 0 }
  :: atomic { word != mine -> assert(word == (mine | WAITER)) }
    if
    :: atomic { leave_life(); word = 0; phase[me] = waking }
#ifdef MISTAKE_UNLOCK_NO_WAKE
      phase[me] = busy
#else
      wake_one()
#endif
    :: atomic { leave_life(); word = WAITER }
    fi
  fi
}

proctype contender(byte me) {
  byte slot, last, seen, mine, passes;
  bool locked, probe;

  slot = me;
  mine = WORD(me, 1);
again:
  {
    if
    :: mine == 0 -> take_lease()
    :: else
    fi;
    do
    :: passes == PASSES -> break
    :: else -> passes++; lock(); unlock()
    od;
    /* lease::release */
    atomic { OWNER_BYTE(mine) = false; mine = 0 }
  } unless {
    /* The kernel tears it down; then another process begins in its place. */
    atomic {
      condemned[me] ->
      condemned[me] = false;
      wake_up_died = wake_up_died || phase[me] == woken || phase[me] == waking;
      leave_life();
      phase[me] = busy;
      if
      :: mine != 0 -> OWNER_BYTE(mine) = false
      :: else
      fi;
      mine = 0; slot = 0; last = 0; seen = 0; passes = 0; locked = false; probe = false;
      goto again
    }
  }
}

proctype killer() {
  do
  :: deaths == DEATHS -> break
  :: break
  :: atomic { deaths < DEATHS -> deaths++;
      if
      :: condemned[0] = true
      :: condemned[1] = true
#if CONTENDERS > 2
      :: condemned[2] = true
#endif
      fi }
  od
}

inline start(p) {
  phase[p] = busy;
  BYTE(p, 1) = true;
  incarnation[p] = 1;
  run contender(p)
}

/* Everybody begins with a lease: the interleavings of first takers are those of later ones, and cost 50 times more. */
init {
  atomic {
    start(0);
    start(1);
#if CONTENDERS > 2
    start(2);
#endif
    run killer()
  }
}
