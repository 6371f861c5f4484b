/* The life of entry slots and their re-use for other keys: rules R1 to R4 of the design.
 *
 * Two keys, two slots, and three processes that go on for ever:
 *   looker   searches for key 0, step by step. It loads it (load_slowly and read_slot of reader.hpp), or changes it without
 *            the mutex (locate.cpp; replace, revive and remove_located of mutate.cpp)
 *   others   make such changes to both keys. Only the CAS of a change can be seen from outside, and the looker shows that
 *            it meets what it should; so here a change is one step
 *   holder   has the mutex: insert_new_locked (insert.cpp), purge_locked, free_slot_locked and give_slot_locked (slots.cpp),
 *            and the building of a new table in the memory of an old one (grow_dirty, or build and promotion, tables.cpp)
 *
 * What is checked, in every interleaving:
 *   - a load returns what its key had, or was absent, at some moment between its begin and its end. So it never returns
 *     another key's value or one that was never stored, it finds what was stored before it began, and what one load has
 *     seen the next one does not un-see;
 *   - a change without the mutex meets its own key, live or nil, in a slot that the current table names (assert at its CAS);
 *   - a key has at most one slot that is live or nil (assert at each insertion).
 *
 * What stands for what. A version that never goes back serves to notice change; so it is one bit for each process that
 * looks: "moved", set by every change of the slot whose word it has loaded. Likewise the roots' generations and the epoch.
 * There is one table and one root; tables.pml has both. All keys have the same tag, so that an index word proves nothing.
 * The keys are alike, so only key 0 is searched for. Values are inline; blocks.pml has the others. The free list is a set.
 * Memory order is sequential.
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_KEY_BEFORE_WORD    the key is compared before the word is loaded
 *   MISTAKE_WORD_ONCE          a hit does not look at the word again
 *   MISTAKE_VERSION_RESET      a slot that is used again starts again with its first version
 *   MISTAKE_TOMBSTONE_FIRST    a purge takes the slot out of the index before it is free
 *   MISTAKE_LIVE_FIRST         an insertion makes the slot live before it is in the index
 *   MISTAKE_MISS_UNPROVEN      a search that finds nothing does not look at the roots again
 */

#define FREE 0
#define LIVE 1
#define NIL 2

/* Values. Those of key 1 are all one. */
#define ABSENT 0
#define INSERTED 1
#define CHANGED 2
#define FOREIGN 3

#define LOOKER 0
#define HOLDER 1

mtype = { load, change, store, erase };

byte state[2];
byte value[2];
bit key[2];
bool listed[2]; /* in the free list */
bool index[4];  /* by table and slot: the table's word names the slot */
bit root;       /* the current table */

/* Who has loaded which slot's word (slot + 1), the state in it, and whether it has changed since; the same of the roots. */
byte watched[2];
byte seen[2];
bool moved[2];
bool searching;
bool roots_moved;

/* What is true of key 0: its value, and all that it had since the load began (0: there is none). */
byte current;
byte had;

#define NAMES(table, slot) index[(table) * 2 + (slot)]
#define PLACED(s, k) (NAMES(root, s) && key[s] == (k) && state[s] != FREE)

inline slot_changed(s) {
  moved[LOOKER] = moved[LOOKER] || watched[LOOKER] == (s) + 1;
  moved[HOLDER] = moved[HOLDER] || watched[HOLDER] == (s) + 1
}

inline linearize(k, v) {
  if
  :: (k) == 0 -> current = v; had = (had == 0 -> 0 : had | (1 << current))
  :: else
  fi
}

inline look_at(me, s) {
  watched[me] = s + 1;
  moved[me] = false;
  seen[me] = state[s]
}

inline look_away(me) {
  watched[me] = 0;
  seen[me] = FREE;
  moved[me] = false
}

/* The CAS of an operation without the mutex. */
inline change_slot(s, k, operation) {
  assert(PLACED(s, k));
  state[s] = (operation == store -> LIVE : NIL);
  value[s] = (operation == store -> (k == 0 -> CHANGED : FOREIGN) : ABSENT);
  slot_changed(s);
  linearize(k, value[s])
}

proctype others() {
  byte s;

  do
  :: atomic {
      if
      :: s = 0
      :: s = 1
      fi;
      if
      :: state[s] != FREE -> change_slot(s, key[s], store)
      :: state[s] == LIVE -> change_slot(s, key[s], erase)
      :: state[s] == FREE
      fi;
      s = 0
    }
  od
}

/* The first steps of read_slot and probe_slot: is the slot key 0's? */
inline identify() {
#ifdef MISTAKE_KEY_BEFORE_WORD
  mine = key[s] == 0;
  atomic { look_at(LOOKER, s); mine = mine && seen[LOOKER] != FREE }
#else
  atomic { look_at(LOOKER, s) }
  mine = seen[LOOKER] != FREE && key[s] == 0
#endif
}

#ifdef MISTAKE_WORD_ONCE
#define MOVED false
#else
#define MOVED moved[LOOKER]
#endif

#ifdef MISTAKE_MISS_UNPROVEN
#define ROOTS_MOVED false
#else
#define ROOTS_MOVED roots_moved
#endif

proctype looker() {
  mtype operation = load;
  byte s, got;
  bit table;
  bool mine, again;

  do
  :: atomic {
      if
      :: operation = load; had = 1 << current
      :: operation = change
      fi;
      searching = true; again = true
    }
    do
    :: !again -> break
    :: else ->
      atomic { table = root; roots_moved = false; s = 0; again = false }
      do
      :: s == 2 -> break
      :: s < 2 && !NAMES(table, s) -> s++
      :: s < 2 && NAMES(table, s) ->
        identify();
        if
        :: !mine -> atomic { look_away(LOOKER); s++ }
        :: mine && operation == load -> got = value[s]; atomic { again = MOVED; break }
        :: mine && operation != load -> again = MOVED; break
        fi
      od;
      /* Absence has to be proven by the roots. */
      atomic { again = again || (got == ABSENT && ROOTS_MOVED); roots_moved = false; table = 0 }
      atomic {
        if
        :: again || operation == load || !mine
        :: !again && operation == change && mine ->
          if
          :: moved[LOOKER] -> again = true
          :: !moved[LOOKER] -> change_slot(s, 0, store)
          :: !moved[LOOKER] && seen[LOOKER] == LIVE -> change_slot(s, 0, erase)
          :: seen[LOOKER] == NIL /* nothing to erase */
          fi
        fi;
        if
        :: again -> got = 0
        :: else -> assert(operation != load || (had & (1 << got)))
        fi;
        look_away(LOOKER); s = 0; mine = false
      }
    od;
    atomic { had = 0; searching = false; got = 0; operation = load }
  od
}

inline index_slot() {
  roots_moved = searching; /* in place: the generation says so before it happens */
  NAMES(root, s) = true
}

inline make_live() {
  atomic {
    assert(!(state[1 - s] != FREE && key[1 - s] == k));
    state[s] = LIVE;
    value[s] = (k == 0 -> INSERTED : FOREIGN);
    slot_changed(s);
#ifdef MISTAKE_VERSION_RESET
    /* The word may now be one that somebody has seen before: it is, if its state was the same. */
    moved[LOOKER] = moved[LOOKER] && !(watched[LOOKER] == s + 1 && seen[LOOKER] == LIVE);
#endif
    linearize(k, value[s])
  }
}

/* Under the mutex nobody else inserts: the search and the taking of a slot are one step. */
inline insert() {
  atomic {
    if
    :: k = 0
    :: k = 1
    fi;
    if
    :: !PLACED(0, k) && !PLACED(1, k) && listed[0] -> s = 0; listed[0] = false; go = true
    :: !PLACED(0, k) && !PLACED(1, k) && listed[1] -> s = 1; listed[1] = false; go = true
    :: else
    fi
  }
  if
  :: !go
  :: go ->
    key[s] = k;
#ifdef MISTAKE_LIVE_FIRST
    make_live();
    index_slot()
#else
    index_slot();
    make_live()
#endif
  fi
}

inline make_free() {
  atomic {
    go = !moved[HOLDER];
    if
    :: go -> state[s] = FREE; value[s] = ABSENT; slot_changed(s)
    :: else
    fi;
    look_away(HOLDER)
  }
}

inline purge() {
  atomic {
    if
    :: s = 0
    :: s = 1
    fi;
    roots_moved = searching
  }
  atomic { look_at(HOLDER, s); go = seen[HOLDER] == NIL }
  if
  :: !go
  :: go ->
#ifdef MISTAKE_TOMBSTONE_FIRST
    NAMES(root, s) = false;
    make_free();
    listed[s] = go
#else
    make_free();
    if
    :: atomic { go -> NAMES(root, s) = false; listed[s] = true }
    :: !go
    fi
#endif
  fi
}

/* A new table where an old one was, whoever may still be reading that; then it is the current one. */
inline rebuild() {
  atomic { NAMES(1 - root, 0) = false; NAMES(1 - root, 1) = false }
  atomic { NAMES(1 - root, 0) = NAMES(root, 0); NAMES(1 - root, 1) = NAMES(root, 1) }
  atomic { root = 1 - root; roots_moved = searching }
}

proctype holder() {
  byte k, s;
  bool go;

  do
  :: insert(); atomic { k = 0; s = 0; go = false }
  :: purge(); atomic { look_away(HOLDER); s = 0; go = false }
  :: rebuild()
  od
}

init {
  atomic {
    listed[0] = true;
    listed[1] = true;
    run looker();
    run others();
    run holder()
  }
}
