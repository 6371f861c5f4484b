/* A standby: dirty is copied without the mutex, and becomes the next dirty. standby.hpp, standby.cpp; unindex_locked and
 * promote_locked in tables.cpp; fix_up.cpp.
 *
 * Two processes that go on for ever, each killed at any step, after which another begins:
 *   holder   has the mutex. Puts words into dirty and takes them out, lets dirty grow, promotes, gives back what a dead copier left
 *   copier   has no lock, but to begin and to give up
 *
 * What is checked: a standby that becomes dirty names exactly what dirty named, and the copier never writes into memory
 * that has been given back while it lives.
 *
 * What stands for what. Dirty has one group of two words, which are copied one by one. A word is there or not; which slot it names is the slot's business (tables.pml). A dirty that has
 * grown is another table: the number of its generation says which. Memory order is sequential: (Y1) to (Y4) in standby.hpp
 * say which accesses make it so.
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_NOT_MARKED            an insert does not mark the group
 *   MISTAKE_CLEARED_AFTER_COPY    the copier copies a group, and then clears its mark
 *   MISTAKE_MARKS_IGNORED         the promotion installs what is ready without a look at the marks
 *   MISTAKE_READY_UNASKED         the copier stores ready, also if the copy was abandoned meanwhile
 *   MISTAKE_REMOVAL_UNNOTICED     a word that leaves dirty leaves the standby as it is
 *   MISTAKE_FIX_UP_KEEPS_IT       so does a fix-up, also after a death between a removal and the drop
 *   MISTAKE_RELEASED_UNDER_WAY    dropping gives the memory back at once, whoever is copying
 */

#define NONE 0
#define COPYING 1
#define READY 2
#define ABANDONED 3

bool word[2]; /* dirty's */
bool live[2]; /* the slot has been made live: what a fix-up goes by */
byte dirty;   /* which table that is, modulo 3 */

byte state;
byte source; /* the table that is copied */
bool copied[2];
bool mark;

byte intent; /* word in flux + 1 */
bool holder_condemned, copier_condemned;
bool copier_lives; /* the one that made the standby */
bool copier_writes;

inline release() {
  assert(!copier_lives || !copier_writes);
  atomic { state = NONE; copied[0] = false; copied[1] = false; mark = false }
}

/* drop_standby_locked */
inline drop() {
  if
#ifdef MISTAKE_RELEASED_UNDER_WAY
  :: state == COPYING -> release()
#else
  :: atomic { state == COPYING -> state = ABANDONED }
#endif
  :: state == READY -> release()
  :: state == NONE || state == ABANDONED
  fi
}

inline insert(w) {
  intent = w + 1;
  word[w] = true;
#ifndef MISTAKE_NOT_MARKED
  if
  :: atomic { (state == COPYING || state == READY) && source == dirty -> mark = true }
  :: (state == COPYING || state == READY) && source != dirty -> drop()
  :: state == NONE || state == ABANDONED
  fi;
#endif
  live[w] = true;
  intent = 0
}

inline take_out(w) {
  intent = w + 1;
  live[w] = false;
  word[w] = false;
#ifndef MISTAKE_REMOVAL_UNNOTICED
  drop();
#endif
  intent = 0
}

/* The other table has the same words. */
inline grow() {
  drop();
  dirty = (dirty + 1) % 3
}

inline complete() {
  if
  :: mark -> copied[0] = word[0]; copied[1] = word[1]; mark = false
  :: !mark
  fi
}

/* read := dirty, dirty := the standby: two steps of a promotion that a fix-up would finish, so one here. */
inline promote() {
  if
  :: state == READY && source == dirty ->
#ifndef MISTAKE_MARKS_IGNORED
    complete();
#endif
    atomic {
      assert(copied[0] == word[0] && copied[1] == word[1]);
      dirty = (dirty + 1) % 3;
      state = NONE; copied[0] = false; copied[1] = false; mark = false
    }
  :: !(state == READY && source == dirty) -> drop()
  fi
}

inline fix_up() {
#ifndef MISTAKE_FIX_UP_KEEPS_IT
  drop();
#endif
  if
  :: atomic { intent != 0 && !live[intent - 1] -> word[intent - 1] = false }
  :: else
  fi;
  intent = 0
}

bool mutex;

proctype holder() {
  bool dying;

again:
  {
    if
    :: dying -> fix_up(); dying = false; mutex = false
    :: !dying
    fi;
    do
    :: atomic { !mutex -> mutex = true }
      if
      :: !word[0] -> insert(0)
      :: !word[1] -> insert(1)
      :: word[0] -> take_out(0)
      :: word[1] -> take_out(1)
      :: grow()
      :: promote()
      :: !copier_lives && (state == COPYING || state == ABANDONED) -> release()
      fi;
      mutex = false
    od
  } unless {
    atomic { holder_condemned -> holder_condemned = false; dying = true; goto again }
  }
}

proctype copier() {
again:
  {
    do
    :: atomic { !mutex && state == NONE -> /* register_locked */
        state = COPYING; source = dirty; copier_lives = true; copier_writes = true;
        copied[0] = false; copied[1] = false; mark = false
      }
      copied[0] = word[0];
      copied[1] = word[1];
      do
      :: state == COPYING && mark ->
#ifdef MISTAKE_CLEARED_AFTER_COPY
        copied[0] = word[0]; copied[1] = word[1]; mark = false
#else
        mark = false; copied[0] = word[0]; copied[1] = word[1]
#endif
      :: break
      od;
#ifdef MISTAKE_READY_UNASKED
      atomic { state = READY; copier_writes = false }
#else
      if
      :: atomic { state == COPYING -> state = READY; copier_writes = false }
      :: state != COPYING ->
        copier_writes = false;
        atomic { !mutex && state == ABANDONED -> release() } /* give_up */
      fi
#endif
    od
  } unless {
    /* Where it holds the mutex is one step here: slots.pml and tables.pml have the deaths of holders. */
    atomic {
      copier_condemned ->
      copier_condemned = false; copier_lives = false; copier_writes = false;
      goto again
    }
  }
}

proctype killer() {
  do
  :: !holder_condemned && mutex -> holder_condemned = true
  :: !copier_condemned && copier_lives -> copier_condemned = true
  od
}

init {
  atomic {
    run holder();
    run copier();
    run killer()
  }
}
