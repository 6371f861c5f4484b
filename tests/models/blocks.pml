/* Owner pairs of value blocks {owner, stamp}: publishers, replacers, a sweep, deaths, and the reader's rule R5.
 *
 * Stands for: block_allocator.cpp (allocate_small, refill_from, take_freed, mark_live, retire, release, settle); replace,
 * revive and remove_located of mutate.cpp; sweep_blocks, gather, scan_slot and settle of sweep.cpp; read_block of reader.hpp.
 * A slot's key that lies in a block is freed as a value is: its pair is read while the slot still names it.
 *
 * The writers change a slot CHANGES times in all. Each time one takes a block, writes it, publishes it by CAS, marks it
 * live, and takes over the block that its CAS has put out; or it erases. At first the slot names a live block. The sweep
 * takes one block after another: it reads its pair, sees that it is live or a dead one's, scans the slots, and settles it.
 * Writers die anywhere. With -DREADER there is a reader instead of the sweep and the deaths.
 * With -DMOVES each change may also be a move (gather.cpp): the value that stands there is copied (R5) into another block,
 * which takes the place of the first by the same steps.
 *
 * What is checked, in every interleaving:
 *   - a block that a slot names is neither freed nor claimed nor written;
 *   - no two living ones own a block at once;
 *   - what a reader has copied and validated is the value that its word stood for;
 *   - what a move publishes is the value that stood there.
 *
 * What is left out: chunks and classes, all but one place in the private stack, weak memory. Both halves of a pair are
 * read at once: that of load_owner, whose loop makes it so because a stamp never repeats.
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_NO_STAMP           owner words are compared without their stamps
 *   MISTAKE_SCAN_FIRST         a sweep scans before it reads the pair
 *   MISTAKE_MARK_LIVE_STORES   a publisher marks live by a plain store
 *   MISTAKE_PAIR_READ_LATE     a replacer reads the pair after its CAS on the slot
 *   MISTAKE_LIVE_BEFORE_PUBLISHED  a publisher marks live before it publishes
 *   MISTAKE_STAMP_ONCE         a reader does not look at the stamp again
 *   MISTAKE_LIVING_SWEPT       a sweep takes unnamed blocks of the living, too
 *   MISTAKE_WORD_NOT_AGAIN     (with READER) the slot's word is not looked at again between stamp and bytes
 *   MISTAKE_MOVE_LOOKS_AGAIN   a move looks at the slot's word again after it has copied the value
 */

#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef CHANGES
#define CHANGES 3
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#define BLOCKS 2

#define NONE 255
#define FREE 0
#define LIVE 1
#define LEASED(p) (2 + (p))

byte owner[BLOCKS];
byte stamp[BLOCKS];
byte low[BLOCKS], high[BLOCKS]; /* the bytes of a block */

byte version[SLOTS];
byte payload[SLOTS]; /* a block, or NONE: nil */
byte content[SLOTS]; /* what the slot's word stands for */

bool condemned[WRITERS];
bool dead[WRITERS];
byte deaths;
byte changes; /* begun so far by all */
byte drawn[WRITERS]; /* stamps that a lease has drawn */
byte owners[BLOCKS]; /* how many living ones believe that they own the block */

#if SLOTS > 1
#define NAMED(b) (payload[0] == (b) || payload[1] == (b))
#else
#define NAMED(b) (payload[0] == (b))
#endif

#ifdef MISTAKE_NO_STAMP
#define PAIR_IS(b, o, s) (owner[b] == (o))
#else
#define PAIR_IS(b, o, s) (owner[b] == (o) && stamp[b] == (s))
#endif

inline gain(b) {
  owners[b]++;
  assert(owners[b] == 1 && !NAMED(b))
}
inline make_free(b) {
  assert(!NAMED(b) && owners[b] == 0);
  owner[b] = FREE
}
inline draw_stamp(b) {
  drawn[me]++;
  stamp[b] = 1 + me + WRITERS * drawn[me]
}

/* allocate_small: the block that was freed before, or a free one. */
inline allocate() {
  atomic {
    if
    :: stack != NONE && PAIR_IS(stack, LEASED(me), stamp[stack]) ->
      mine = stack; stack = NONE; draw_stamp(mine)
    :: stack == NONE && owner[0] == FREE -> mine = 0; owner[0] = LEASED(me); draw_stamp(0); gain(0)
    :: stack == NONE && owner[1] == FREE -> mine = 1; owner[1] = LEASED(me); draw_stamp(1); gain(1)
    :: stack == NONE && owner[0] != FREE && owner[1] != FREE -> mine = NONE
    fi;
    if
    :: mine != NONE -> my_stamp = stamp[mine]
    :: else
    fi
  }
}

inline write_block() {
  atomic { assert(!NAMED(mine)); low[mine] = my_stamp }
  atomic { assert(!NAMED(mine)); high[mine] = my_stamp }
}

inline mark_live() {
#ifdef MISTAKE_MARK_LIVE_STORES
  owner[mine] = LIVE;
#else
  atomic {
    if
    :: PAIR_IS(mine, LEASED(me), my_stamp) -> owner[mine] = LIVE
    :: else
    fi
  }
#endif
}

inline take_over(o) {
  atomic {
    if
    :: !won && PAIR_IS(old, o, old_stamp) -> owner[old] = LEASED(me); gain(old); won = true
    :: else
    fi
  }
}

inline retire() {
  take_over(old_owner);
  if
  :: !won -> take_over(LIVE)
  :: won
  fi;
  if
  :: !won
  :: atomic { won && stack == NONE -> stack = old } /* hoarded; its stamp goes on until it is used again */
  :: atomic { won -> owners[old]--; make_free(old) }
  fi
}

inline read_pair() {
  atomic {
    if
    :: old != NONE -> old_owner = owner[old]; old_stamp = stamp[old]
    :: else
    fi
  }
}

inline change() {
#if SLOTS > 1
  if
  :: slot = 0
  :: slot = 1
  fi;
#endif
  if
  :: allocate();
    if
    :: mine != NONE -> write_block()
    :: mine == NONE
    fi
  :: mine = NONE
  fi;
#ifdef MISTAKE_LIVE_BEFORE_PUBLISHED
  if
  :: mine != NONE -> mark_live()
  :: mine == NONE
  fi;
#endif
  do
  :: atomic { seen = version[slot]; old = payload[slot] }
    if
    :: old == NONE && mine == NONE -> break
    :: else ->
#ifndef MISTAKE_PAIR_READ_LATE
      read_pair();
#endif
      atomic {
        if
        :: version[slot] == seen ->
          version[slot]++; payload[slot] = mine;
          if
          :: mine != NONE -> content[slot] = my_stamp; owners[mine]--
          :: else -> content[slot] = 0
          fi;
          won = true
        :: else
        fi
      }
      if
      :: atomic { won -> won = false; break }
      :: else
      fi
    fi
  od;
  if
  :: mine != NONE -> mark_live()
  :: mine == NONE
  fi;
#ifdef MISTAKE_PAIR_READ_LATE
  read_pair();
#endif
  if
  :: old != NONE && old_owner != FREE -> retire()
  :: !(old != NONE && old_owner != FREE)
  fi
}

#ifdef MOVES
/* move_value of gather.cpp. */
inline cancel() {
  atomic { owners[mine]--; make_free(mine) }
}
inline move() {
  atomic { seen = version[slot]; old = payload[slot] }
  if
  :: old != NONE ->
    before = stamp[old];
    if
    :: version[slot] == seen ->
      first = low[old];
      second = high[old];
      if
      :: stamp[old] == before -> allocate()
      :: stamp[old] != before
      fi
    :: version[slot] != seen
    fi
  :: old == NONE
  fi;
  if
  :: mine != NONE ->
    atomic { assert(!NAMED(mine)); low[mine] = first }
    atomic { assert(!NAMED(mine)); high[mine] = second }
#ifdef MISTAKE_MOVE_LOOKS_AGAIN
    atomic { seen = version[slot]; old = payload[slot] }
#endif
    read_pair();
    atomic {
      if
      :: version[slot] == seen && old != NONE ->
        assert(first == content[slot] && second == content[slot]);
        version[slot]++; payload[slot] = mine; owners[mine]--;
        won = true
      :: else
      fi
    }
    if
    :: atomic { won -> won = false }
      mark_live();
      if
      :: old_owner != FREE -> retire()
      :: old_owner == FREE
      fi
    :: !won -> cancel()
    fi
  :: mine == NONE
  fi
}
#endif

proctype writer(byte me) {
  byte slot, seen, mine = NONE, my_stamp, old = NONE, old_owner, old_stamp, stack = NONE;
  bool won;
#ifdef MOVES
  byte first, second, before;
#endif

  {
    do
    :: changes == CHANGES -> break
    :: atomic { changes < CHANGES -> changes++ }
#ifdef MOVES
      if
      :: change()
      :: move()
      fi;
#else
      change();
#endif
      atomic {
#ifdef MOVES
        first = 0; second = 0; before = 0;
#endif
        won = false; slot = 0; seen = 0; mine = NONE; my_stamp = 0; old = NONE; old_owner = 0; old_stamp = 0
      }
    od
  } unless {
    /* What the dead one believed to own is nobody's; its pairs say that it was. */
    atomic {
      condemned[me] ->
      condemned[me] = false;
      dead[me] = true;
      if
      :: owner[0] == LEASED(me) -> owners[0] = 0
      :: else
      fi;
      if
      :: owner[1] == LEASED(me) -> owners[1] = 0
      :: else
      fi
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
#if WRITERS > 2
      :: condemned[2] = true
#endif
      fi }
  od
}

inline choose() {
  if
  :: b = 0
  :: b = 1
  fi
}
#ifdef MISTAKE_LIVING_SWEPT
#define DEAD(o) true
#else
#define DEAD(o) dead[(o) - 2]
#endif

inline gather() {
  atomic {
    held = owner[b];
    candidate = held == LIVE || (held != FREE && DEAD(held));
    held_stamp = (candidate -> stamp[b] : 0);
    held = (candidate -> held : 0)
  }
}
inline scan() {
  named = payload[0] == b;
#if SLOTS > 1
  named = named || payload[1] == b;
#endif
}

proctype sweeper() {
  byte b, held, held_stamp;
  bool candidate, named;

  do
#ifdef MISTAKE_SCAN_FIRST
  :: choose();
    scan();
    gather();
#else
  :: atomic { choose(); gather() }
    if
    :: candidate -> scan()
    :: !candidate
    fi;
#endif
    atomic {
      if
      :: candidate && PAIR_IS(b, held, held_stamp) ->
        if
        :: named -> owner[b] = LIVE
        :: !named -> make_free(b)
        fi
      :: else
      fi;
      b = 0; held = 0; held_stamp = 0; candidate = false; named = false
    }
  od
}

#ifdef MISTAKE_WORD_NOT_AGAIN
#define WORD_HOLDS true
#else
#define WORD_HOLDS (version[0] == seen)
#endif

/* read_block: word, payload, stamp, word again, bytes, stamp again. */
proctype reader() {
  byte seen, expected, b, before, copy;

end:
  do
  :: atomic { payload[0] != NONE -> seen = version[0]; expected = content[0] }
    b = payload[0];
    if
    :: atomic { b != NONE -> before = stamp[b] }
      if
      :: WORD_HOLDS ->
        copy = low[b];
        atomic {
          if
          :: copy == high[b] && copy == expected -> copy = 1
          :: else -> copy = 0
          fi
        }
#ifdef MISTAKE_STAMP_ONCE
        assert(copy == 1)
#else
        assert(copy == 1 || stamp[b] != before)
#endif
      :: !WORD_HOLDS
      fi
    :: b == NONE
    fi;
    atomic { seen = 0; expected = 0; b = 0; before = 0; copy = 0 }
  od
}

init {
  atomic {
    owner[0] = LIVE; stamp[0] = 1; low[0] = 1; high[0] = 1;
    payload[0] = 0; content[0] = 1;
#if SLOTS > 1
    payload[1] = NONE;
#endif
    run writer(0);
    run writer(1);
#if WRITERS > 2
    run writer(2);
#endif
#ifdef READER
    run reader()
#else
    run sweeper();
    run killer()
#endif
  }
}
