/* The two tables under the mutex, and what the next holder settles when one is killed there.
 *
 * Three processes that go on for ever:
 *   holder   has the mutex, and is killed at any step, the fix-up included; the next one then begins with the fix-up.
 *            build_dirty, amend, grow_dirty, leave_behind, index_locked, unindex_locked, promote_locked, finish_promotion_locked
 *            (tables.cpp); unexpunge_locked, insert_new_locked (insert.cpp); free_slot_locked, purge_locked, reap_some_locked
 *            (slots.cpp); fix_up.cpp
 *   looker   loads key 0: load_slowly of reader.hpp
 *   others   change keys that are live or nil, without the mutex; slots.pml shows why that is one step here
 *
 * What is checked, in every interleaving:
 *   - a slot that is live or nil is in read, or, if there is a dirty, in dirty; and not expunged in read ⇒ in dirty, if there
 *     is a dirty; dirty never names a slot twice (asserts at each change);
 *   - a free slot is in no table when the mutex is free;
 *   - a load returns what its key had, or was absent, at some moment between its begin and its end; so it finds what was
 *     stored before, whoever was killed since;
 *   - no load has to wait for the holder (assert where it finds amended and no dirty).
 *
 * What stands for what. Each key has a slot of its own; identities, payloads and versions are in slots.pml: here a look at a
 * slot is one step, and "moved" is the version that a holder's CAS compares. Roots and epoch are compared through
 * "roots_moved". A table is a place in memory with one count for each slot, how many of its words name it; a table that is
 * released is overwritten at once, whoever may be reading it. Making room is left to chance: each build compacts or not, and
 * memory may be there or not. Dirty grows only with -DGROW, which takes a minute and 1.5 GB to search without standbys
 * (-DNO_STANDBY). A cycle is one bit
 * for each slot: expunged since the last promotion. Memory order is sequential.
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_LIVE_BEFORE_DIRTY_WORD  un-expunge makes the slot live before dirty names it
 *   MISTAKE_AMENDED_FIRST           read is amended before dirty is a root
 *   MISTAKE_NOT_AMENDED             an insert goes into a dirty that nobody looks into
 *   MISTAKE_FIX_UP_FORGETS_INTENT   the fix-up settles the roots alone
 *   MISTAKE_FIX_UP_FORGETS_ROOTS    the fix-up settles the slot alone
 *   MISTAKE_DIRTY_ROOT_FIRST        a promotion takes dirty away before it is read
 *   MISTAKE_RELEASED_BEFORE_GROWN   (with GROW) dirty is released before the larger one is a root
 *   MISTAKE_REVIVED_LEFT_BEHIND     a build leaves a nil slot behind also if it was revived before the CAS to expunged
 */

#define FREE 0
#define LIVE 1
#define NIL 2
#define EXPUNGED 3

/* Values */
#define ABSENT 0
#define INSERTED 1
#define CHANGED 2

#define NONE 3

byte state[2];
bool old_cycle[2]; /* expunged, and promoted since */
bool late[2];      /* birth >= read_births: in dirty alone */
bool moved;        /* the slot that the holder has loaded has changed */
byte watched;      /* that slot + 1 */

byte table[6]; /* by place and slot: words that name the slot */
byte read;     /* the place of read, and whether it is amended */
bool amended;
byte dirty = NONE;

/* Header fields that the holder leaves for the next one. */
byte intent; /* slot + 1 */
bool has_expunged;

bool condemned;

/* The value of key 0, and all that it was since the load began (0: there is none). */
byte current;
byte had;
bool roots_moved;

#define WORDS(place, s) table[(place) * 2 + (s)]
#define STANDS(s) (state[s] == LIVE || state[s] == NIL)
#define IN_PLACE(s) (!STANDS(s) || (dirty == NONE && WORDS(read, s) == 1) || (dirty != NONE && WORDS(dirty, s) == 1))

inline check() {
  assert(IN_PLACE(0) && IN_PLACE(1));
  assert(dirty == NONE || (WORDS(dirty, 0) < 2 && WORDS(dirty, 1) < 2))
}

inline set(s, new_state, new_value) {
  state[s] = new_state;
  moved = moved || watched == (s) + 1;
  if
  :: (s) == 0 -> current = new_value; had = (had == 0 -> 0 : had | (1 << current))
  :: else
  fi
}

inline roots_changed() { roots_moved = had != 0 }

proctype others() provided(!condemned) {
  byte s;

  do
  :: atomic {
      if
      :: s = 0
      :: s = 1
      fi;
      if
      :: STANDS(s) -> set(s, LIVE, CHANGED)
      :: state[s] == LIVE -> set(s, NIL, ABSENT)
      :: !STANDS(s)
      fi;
      check();
      s = 0
    }
  od
}

inline probe() {
  known = WORDS(place, 0) != 0 && state[0] != FREE;
  got = (known -> current : ABSENT)
}

proctype looker() provided(!condemned) {
  byte place, got;
  bool with_dirty, known;

  do
  :: atomic {
      had = (had == 0 -> 1 << current : had);
      place = read; with_dirty = amended; roots_moved = false
    }
    atomic { probe(); with_dirty = with_dirty && !known }
    if
    :: !with_dirty
    :: atomic { with_dirty ->
        place = dirty;
        assert(place != NONE || roots_moved) /* else only the holder could end this */
      }
      atomic {
        if
        :: place != NONE -> probe()
        :: else
        fi
      }
    fi;
    /* A value needs no proof; and where dirty was gone, the roots have moved. */
    atomic {
      if
      :: got == ABSENT && roots_moved
      :: else -> assert(had & (1 << got)); had = 0
      fi;
      place = 0; with_dirty = false; known = false; roots_moved = false; got = ABSENT
    }
  od
}

inline look_at(s) {
  atomic { watched = s + 1; moved = false; seen = state[s] }
}
inline compare_exchange(s, new_state, new_value) {
  atomic {
    won = !moved && watched == s + 1;
    watched = 0; moved = false;
    if
    :: won -> set(s, new_state, new_value)
    :: else
    fi;
    check()
  }
}

/* Words of a slot become tombstones, wherever they are. */
inline unindex(place, s) {
  WORDS(place, s) = 0
}
inline unindex_read(s) {
  WORDS(read, s) = (late[s] -> WORDS(read, s) : 0)
}

/* free_slot_locked; the slot has been looked at. */
inline free_slot(s) {
  intent = s + 1;
  compare_exchange(s, FREE, ABSENT);
  if
  :: !won
  :: atomic { won && dirty != NONE -> unindex(dirty, s) }
    atomic { unindex_read(s); old_cycle[s] = false }
  :: atomic { won && dirty == NONE -> unindex_read(s); old_cycle[s] = false }
  fi;
  intent = 0
}

/* leave_behind: `drop` says whether the word stays behind. */
inline leave_behind(s) {
  if
  :: seen == EXPUNGED -> drop = true
  :: seen == NIL && late[s] -> free_slot(s); drop = won
  :: seen == NIL && !late[s] ->
    atomic { has_expunged = true; intent = s + 1 }
    compare_exchange(s, EXPUNGED, ABSENT);
#ifdef MISTAKE_REVIVED_LEFT_BEHIND
    drop = true;
#endif
    if
    :: atomic { won && dirty != NONE -> unindex(dirty, s) }
    :: !(won && dirty != NONE)
    fi;
    atomic { drop = drop || won; intent = 0 }
  :: else
  fi
}

inline copy(s) {
  if
  :: WORDS(from, s) == 0
  :: atomic { WORDS(from, s) != 0 && !compacting -> WORDS(to, s) = WORDS(from, s) }
  :: atomic { WORDS(from, s) != 0 && compacting -> watched = s + 1; moved = false; seen = state[s] }
    leave_behind(s);
    atomic {
      if
      :: !drop -> WORDS(to, s) = WORDS(from, s)
      :: else
      fi;
      drop = false; watched = 0; moved = false; seen = 0; won = false
    }
  fi
}

/* build_table in memory that is neither table's. */
inline release_table(place) {
  WORDS(place, 0) = 0;
  WORDS(place, 1) = 0
}

inline build() {
  atomic {
    if
    :: 0 != read && 0 != dirty -> to = 0
    :: 1 != read && 1 != dirty -> to = 1
    :: else -> to = 2
    fi;
    from = (dirty == NONE -> read : dirty);
    if
    :: compacting = true
    :: compacting = has_expunged
    fi
  }
  copy(0);
  copy(1)
}

inline build_dirty() {
  build();
#ifdef MISTAKE_AMENDED_FIRST
  atomic { amended = true; roots_changed() }
#endif
  atomic { dirty = to; roots_changed(); check() }
}

/* prepare_dirty_locked: there may be no memory for it, and a dirty need not have room. Where there is one, read is amended. */
inline prepare_dirty() {
  if
  :: dirty == NONE -> build_dirty()
#ifdef GROW
  :: dirty != NONE ->
    build();
#ifdef MISTAKE_RELEASED_BEFORE_GROWN
    atomic { release_table(dirty) }
    atomic { dirty = to; roots_changed(); check() }
#else
    atomic { release_table(dirty); dirty = to; roots_changed(); check() }
#endif
#endif
  :: true
  fi;
#ifndef MISTAKE_NOT_AMENDED
  if
  :: atomic { dirty != NONE && !amended -> amended = true; roots_changed() }
  :: else
  fi;
#endif
  atomic { from = 0; to = 0; compacting = false }
}

inline index_slot(s) {
  if
  :: atomic { dirty != NONE -> late[s] = late[s] || state[s] == FREE; WORDS(dirty, s)++; check() }
  :: atomic { dirty == NONE -> roots_changed() } /* in place: the generation says so before it happens */
    atomic { late[0] = false; late[1] = false; WORDS(read, s)++ }
  fi
}

/* Expunged or free: a slot that only the holder may change. */
inline set_live(s) { atomic { set(s, LIVE, INSERTED) } }

inline unexpunge(s) {
  prepare_dirty();
  intent = s + 1;
#ifdef MISTAKE_LIVE_BEFORE_DIRTY_WORD
  set_live(s);
  if
  :: dirty != NONE -> index_slot(s)
  :: dirty == NONE
  fi;
#else
  if
  :: dirty != NONE -> index_slot(s)
  :: dirty == NONE
  fi;
  atomic { set_live(s); check() }
#endif
  intent = 0
}

inline insert(s) {
  prepare_dirty();
  intent = s + 1;
  index_slot(s);
  atomic { set_live(s); check() }
  intent = 0
}

/* insert_absent: what locate finds under the mutex decides. */
inline store_absent() {
  if
  :: state[s] == EXPUNGED && WORDS(read, s) != 0 -> unexpunge(s)
  :: state[s] == FREE -> insert(s)
  fi
}

/* purge_locked, and reap_some_locked for what was expunged in earlier cycles. */
inline purge() {
  roots_changed();
  look_at(s);
  if
  :: seen == NIL || seen == EXPUNGED -> free_slot(s)
  :: else
  fi
}
inline reap() {
  look_at(s);
  free_slot(s)
}

inline finish_promotion() {
  atomic {
    late[0] = false; late[1] = false;
    old_cycle[0] = state[0] == EXPUNGED; old_cycle[1] = state[1] == EXPUNGED;
    has_expunged = false
  }
  if
  :: atomic { dirty = NONE; roots_changed(); check() }
#ifndef NO_STANDBY
  :: atomic { /* a standby is ready: standby.pml shows that it has all words of read */
      if
      :: read != 0 -> dirty = 0
      :: else -> dirty = 1
      fi;
      WORDS(dirty, 0) = WORDS(read, 0);
      WORDS(dirty, 1) = WORDS(read, 1);
      roots_changed(); check()
    }
#endif
  fi
}
inline promote() {
#ifdef MISTAKE_DIRTY_ROOT_FIRST
  to = dirty;
  atomic { dirty = NONE; roots_changed() }
  atomic { release_table(read); read = to; amended = false; roots_changed() }
  finish_promotion();
#else
  atomic { release_table(read); read = dirty; amended = false; roots_changed() }
  finish_promotion();
#endif
}

inline fix_up() {
#ifndef MISTAKE_FIX_UP_FORGETS_ROOTS
  if
  :: dirty != NONE && dirty == read -> finish_promotion()
  :: else
  fi;
#endif
  /* settle_table: a table that was being built is released. */
  atomic {
    if
    :: read != 0 && dirty != 0 -> release_table(0)
    :: else
    fi;
    if
    :: read != 1 && dirty != 1 -> release_table(1)
    :: else
    fi;
    if
    :: read != 2 && dirty != 2 -> release_table(2)
    :: else
    fi
  }
#ifdef MISTAKE_FIX_UP_FORGETS_INTENT
  intent = 0
#else
  if
  :: intent == 0
  :: intent != 0 ->
    s = intent - 1;
    if
    :: atomic { !STANDS(s) && dirty != NONE -> unindex(dirty, s) }
    :: else
    fi;
    if
    :: atomic { state[s] == FREE -> unindex(read, s) }
      atomic { roots_changed(); old_cycle[s] = false }
    :: else
    fi;
    intent = 0
  fi
#endif
}

/* Its key would get another slot; here it waits for the reaper. */
#define WAITS(s) (state[s] == EXPUNGED && WORDS(read, s) == 0)
#define CLEAN(s) (state[s] != FREE || (WORDS(read, s) == 0 && (dirty == NONE || WORDS(dirty, s) == 0)))

proctype holder() {
  byte s, seen, from, to;
  bool won, drop, compacting, dying;

again:
  {
    if
    :: dying -> dying = false; fix_up()
    :: !dying
    fi;
    do
    :: atomic {
        assert(CLEAN(0) && CLEAN(1) && intent == 0 && (dirty == NONE -> !amended : dirty != read));
        s = 0; seen = 0; won = false; drop = false; to = 0; watched = 0; moved = false
      }
      if
      :: atomic { !STANDS(0) && !WAITS(0) -> s = 0 } store_absent()
      :: atomic { !STANDS(1) && !WAITS(1) -> s = 1 } store_absent()
      :: atomic { state[0] == NIL || state[0] == EXPUNGED -> s = 0 } purge()
      :: atomic { state[1] == NIL || state[1] == EXPUNGED -> s = 1 } purge()
      :: atomic { state[0] == EXPUNGED && old_cycle[0] -> s = 0 } reap()
      :: atomic { state[1] == EXPUNGED && old_cycle[1] -> s = 1 } reap()
      :: dirty != NONE -> promote()
      fi
    od
  } unless {
    atomic {
      condemned ->
      condemned = false; dying = true;
      s = 0; seen = 0; from = 0; to = 0; won = false; drop = false; compacting = false; watched = 0; moved = false;
      goto again
    }
  }
}

/* Kills at any step, as often as it likes, also during a fix-up. */
proctype killer() {
  do
  :: !condemned -> condemned = true
  od
}

init {
  atomic {
    run looker();
    run others();
#ifndef NO_DEATHS
    run killer();
#endif
    run holder()
  }
}
