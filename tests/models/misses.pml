/* Absence, and what proves it: rule R3 of the design, each re-check by itself.
 *
 * Three processes that go on for ever:
 *   searcher  looks for key K. Unless -DHOME, as load_by_protocol of reader.hpp and try_locate of locate.cpp do: epoch, read
 *             root, the words of read, and if read is amended dirty's root and words; then both roots and the epoch again.
 *             With -DHOME as proves_absence of reader.hpp and confirm_absence of in_place.hpp do: epoch, read root, the home
 *             group; then the root and the epoch again
 *   holder    has the mutex: insert_new_locked and unexpunge_locked (insert.cpp), build_table, leave_behind, amend, grow_dirty,
 *             index_locked, promote_locked (tables.cpp), purge_locked and reap_some_locked (slots.cpp)
 *   others    change K without the mutex where its slot is live or nil
 *
 * What is checked, in every interleaving:
 *   - who says that K is absent was looking at some time when it was. An attempt counts from its own first step, so one that
 *     is refused needs nothing more than a next one;
 *   - a slot of K's that is nil proves the absence all by itself (R4); one that is expunged does where the root was read's
 *     after the search began. With -DTO_THE_END this is seen also where the roots have moved since.
 *
 * What stands for what. K has two slots, so that it may come back in the other one; a look at a slot is one step (slots.pml has
 * the rest). A table is a home group and the next one, each with one place: empty, a tombstone, another key's word, or K's.
 * There are three places in memory for tables. One that is released is cleared at once, and filled by the next build, word by
 * word, whoever still reads it. The epoch never repeats: one bit says whether it has grown since the searcher read it.
 * Generations do, after 4096 changes in the code and after each one here: of a root only the place and amended are
 * compared. So an in-place change of read shows in the epoch alone. An attempt ends as soon as it can no longer end with a wrong
 * verdict, because K was absent meanwhile or, unless -DTO_THE_END, because the epoch will refuse it. A death is a long pause here, as the
 * fix-up begins by raising the epoch (tables.pml has deaths). Standbys are left out (standby.pml). Memory order is
 * sequential (orders.pml).
 *
 * Each re-check left out by itself, and together:
 *   NO_ROOT_CHECK     neither root is looked at again. It holds: whoever changes a root raises the epoch before it touches
 *                     the memory of the old table
 *   MISTAKE_NO_EPOCH_CHECK     the epoch is not. Two growths may leave dirty's root as it was, with another table behind it;
 *                     read's takes as many changes as there are generations (-DHOME)
 *   MISTAKE_NO_CHECK  neither is
 * Other known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_EMPTIED            a removed word leaves an empty place, where the searches for others end
 *   MISTAKE_MOVED              a removed word's place is filled with the word behind it
 *   MISTAKE_ROOT_FIRST         a larger dirty is a root before all words are in it
 *   MISTAKE_EPOCH_LATE         (with NO_ROOT_CHECK) the epoch is raised after the old dirty's memory was used again
 */

#define FREE 0
#define LIVE 1
#define NIL 2
#define EXPUNGED 3

/* What a place of a table holds; K's slot s is s + KEY. */
#define EMPTY 0
#define TOMBSTONE 1
#define OTHER 2
#define KEY 3

#define NONE 3

byte state[2]; /* of K's slots */
byte words[6]; /* by place in memory and group */
#define WORD(place, group) words[(place) * 2 + (group)]

/* The roots, and whether the epoch has grown since the searcher looked. */
byte read;
bool amended;
byte dirty = NONE;
bool grown;

bool searching;
bool gap; /* K was absent at some time since the searcher began */

#define PRESENT (state[0] == LIVE || state[1] == LIVE)
#define STANDS(s) (state[s] == LIVE || state[s] == NIL)
#define NAMED(place, s) (WORD(place, 0) == KEY + (s) || WORD(place, 1) == KEY + (s))
#define IN_READ(s) NAMED(read, s)
#define IN_DIRTY(s) (dirty != NONE && NAMED(dirty, s))
#define HAS_OTHER(place) (WORD(place, 0) == OTHER || WORD(place, 1) == OTHER)
#define HAS_ROOM(place) (WORD(place, 0) < OTHER || WORD(place, 1) < OTHER)

inline set(s, to_state) {
  state[s] = to_state;
  assert(!(STANDS(0) && STANDS(1)));
  gap = gap || (searching && !PRESENT)
}

/* An attempt that cannot end with a wrong verdict any more ends at once, before anybody else does anything. */
#if defined(MISTAKE_NO_EPOCH_CHECK) || defined(MISTAKE_NO_CHECK)
#define EPOCH_GREW false
#else
#define EPOCH_GREW grown
#endif
#ifdef TO_THE_END
#define SETTLED gap
#else
#define SETTLED (gap || EPOCH_GREW)
#endif

proctype others() provided(!SETTLED) {
  do
  :: atomic { state[0] == LIVE -> set(0, NIL) }
  :: atomic { state[0] == NIL -> set(0, LIVE) }
  :: atomic { state[1] == LIVE -> set(1, NIL) }
  :: atomic { state[1] == NIL -> set(1, LIVE) }
  od
}

mtype = { unknown, found, absent, moved };

inline look_at_slot(s) {
  atomic {
    if
    :: state[s] == FREE
    :: state[s] == LIVE -> result = found
    :: state[s] == NIL -> assert(!PRESENT); result = absent
    :: state[s] == EXPUNGED -> assert(gap || !PRESENT); result = absent
    fi
  }
}

/* read_table: group after group until one has an empty place. */
inline search(place) {
  word = WORD(place, 0);
  if
  :: word >= KEY -> look_at_slot(word - KEY)
  :: else
  fi;
  if
  :: word == EMPTY || result != unknown
  :: else ->
    word = WORD(place, 1);
    if
    :: word >= KEY -> look_at_slot(word - KEY)
    :: else
    fi
  fi;
  word = 0
}

#if defined(NO_ROOT_CHECK) || defined(MISTAKE_NO_CHECK)
#define READ_MOVED false
#define DIRTY_MOVED false
#else
#define READ_MOVED (read != my_read || amended != my_amended)
#define DIRTY_MOVED (my_dirty != NONE && dirty != my_dirty)
#endif
inline rest() {
  searching = false; gap = false; grown = false;
  result = unknown; word = 0; my_read = 0; my_amended = false; my_dirty = NONE
}

proctype searcher() {
  mtype result;
  byte word, my_read, my_dirty;
  bool my_amended;

again:
  {
    atomic { PRESENT -> searching = true; result = unknown; my_dirty = NONE }
    atomic { my_read = read; my_amended = amended }
#ifdef HOME
    atomic { result = (!my_amended && WORD(my_read, 0) == EMPTY -> absent : moved) }
#else
    search(my_read);
    if
    :: result == unknown && my_amended ->
      my_dirty = dirty;
      if
      :: my_dirty == NONE -> result = moved
      :: my_dirty != NONE -> search(my_dirty)
      fi
    :: else
    fi;
#endif
    if
    :: result == unknown || result == absent ->
      atomic { result = (READ_MOVED -> moved : absent) }
#ifndef HOME
      atomic { result = (DIRTY_MOVED -> moved : result) }
#endif
      assert(result != absent || gap || EPOCH_GREW)
    :: else
    fi;
    atomic { rest(); goto again }
  } unless {
    atomic { SETTLED -> rest(); goto again }
  }
}

inline raise_epoch() {
  grown = searching
}
/* release_table_locked, and the beginning of new_table there. */
inline release(place) {
  atomic { WORD(place, 0) = EMPTY; WORD(place, 1) = EMPTY }
}
inline store_dirty(place) {
  dirty = place;
#ifdef MISTAKE_EPOCH_LATE
  if
  :: from != read -> release(from)
  :: from == read
  fi;
#endif
  raise_epoch();
  if
  :: from != read -> release(from)
  :: from == read
  fi
}

inline put(place, what) {
  atomic {
    if
    :: WORD(place, 0) < OTHER -> WORD(place, 0) = what
    :: else -> assert(WORD(place, 1) < OTHER); WORD(place, 1) = what
    fi
  }
}

#ifdef MISTAKE_EMPTIED
#define BURIED EMPTY
#else
#define BURIED TOMBSTONE
#endif

inline bury(place, what) {
  atomic {
    if
    :: WORD(place, 0) == what -> WORD(place, 0) = BURIED
    :: WORD(place, 0) != what && WORD(place, 1) == what -> WORD(place, 1) = BURIED
    :: else
    fi
  }
#ifdef MISTAKE_MOVED
  if
  :: atomic { WORD(place, 0) == TOMBSTONE && WORD(place, 1) >= OTHER -> WORD(place, 0) = WORD(place, 1) }
    WORD(place, 1) = TOMBSTONE
  :: else
  fi
#endif
}

/* copy_words and leave_behind; another key may have been erased, and is left behind then. */
inline copy(group) {
  if
  :: WORD(from, group) < OTHER
  :: atomic { WORD(from, group) == OTHER -> put(to, OTHER) }
  :: WORD(from, group) == OTHER && compacting
  :: atomic { WORD(from, group) >= KEY ->
      k = WORD(from, group) - KEY;
      if
      :: state[k] == EXPUNGED
      :: state[k] == NIL && compacting && IN_READ(k) ->
        set(k, EXPUNGED);
        WORD(from, group) = (from == read -> WORD(from, group) : BURIED)
      :: state[k] == NIL && compacting && !IN_READ(k) -> set(k, FREE); WORD(from, group) = BURIED
      :: state[k] != EXPUNGED && !(state[k] == NIL && compacting) -> put(to, KEY + k)
      fi;
      k = 0
    }
  fi
}

inline build() {
  atomic {
    from = (dirty == NONE -> read : dirty);
    if
    :: read != 0 && dirty != 0 -> to = 0
    :: (read == 0 || dirty == 0) && read != 1 && dirty != 1 -> to = 1
    :: else -> to = 2
    fi;
    if
    :: compacting = true
    :: compacting = false
    fi
  }
#ifdef MISTAKE_ROOT_FIRST
  dirty = to;
  raise_epoch();
#endif
  copy(0);
  copy(1);
#ifdef MISTAKE_ROOT_FIRST
  if
  :: from != read -> release(from)
  :: from == read
  fi;
#else
  store_dirty(to);
#endif
  atomic { from = 0; to = 0; compacting = false }
}

inline amend() {
  if
  :: atomic { dirty != NONE && !amended -> amended = true } raise_epoch()
  :: else
  fi
}

/* prepare_dirty_locked: dirty may grow at any time, and there may be no memory for one. */
inline prepare_dirty() {
  if
  :: build()
  :: true
  fi;
  amend()
}

/* index_locked, into dirty or in place; `done` says whether there was room. */
inline index(what) {
  done = false;
  if
  :: dirty != NONE && HAS_ROOM(dirty) -> put(dirty, what); done = true
  :: dirty == NONE && HAS_ROOM(read) -> raise_epoch(); put(read, what); done = true
  :: else
  fi
}

inline unindex_all(what) {
  if
  :: dirty != NONE -> bury(dirty, what)
  :: else
  fi;
  bury(read, what)
}

inline unexpunge() {
  prepare_dirty();
  if
  :: dirty != NONE -> index(KEY + s)
  :: dirty == NONE -> done = true
  fi;
  if
  :: atomic { done && IN_READ(s) -> set(s, LIVE) }
  :: else
  fi;
  atomic { s = 0; done = false }
}

inline purge() {
  raise_epoch();
  atomic {
    if
    :: state[s] == NIL || state[s] == EXPUNGED -> set(s, FREE); done = true
    :: else
    fi
  }
  if
  :: done -> unindex_all(KEY + s)
  :: !done
  fi;
  atomic { s = 0; done = false }
}

proctype holder() provided(!SETTLED) {
  byte s, k, from, to;
  bool compacting, done;

  do
  /* insert_new_locked: K has no slot that the tables name, and gets one. */
  :: atomic { !IN_READ(0) && !IN_READ(1) && !IN_DIRTY(0) && !IN_DIRTY(1) && (state[0] == FREE || state[1] == FREE) }
    prepare_dirty();
    atomic {
      if
      :: state[0] == FREE -> s = 0
      :: state[1] == FREE -> s = 1
      fi
    }
    index(KEY + s);
    if
    :: atomic { done -> set(s, LIVE) }
    :: !done
    fi;
    atomic { s = 0; done = false }
  /* unexpunge_locked */
  :: atomic { state[0] == EXPUNGED && IN_READ(0) -> s = 0 } unexpunge()
  :: atomic { state[1] == EXPUNGED && IN_READ(1) -> s = 1 } unexpunge()
  /* another key comes, or goes */
  :: atomic { !HAS_OTHER(read) && !(dirty != NONE && HAS_OTHER(dirty)) }
    prepare_dirty();
    index(OTHER);
    done = false
  :: atomic { HAS_OTHER(read) || (dirty != NONE && HAS_OTHER(dirty)) -> raise_epoch() }
    unindex_all(OTHER)
  /* purge_locked, reap_some_locked */
  :: atomic { state[0] == NIL || state[0] == EXPUNGED -> s = 0 } purge()
  :: atomic { state[1] == NIL || state[1] == EXPUNGED -> s = 1 } purge()
  /* promote_locked */
  :: atomic { dirty != NONE && amended -> from = read; read = dirty; amended = false }
    raise_epoch();
    dirty = NONE;
    raise_epoch();
    release(from);
    from = 0
  od
}

init {
  atomic {
    run searcher();
    run others();
    run holder()
  }
}
