/* One chunk of the heap whose memory comes and goes: writers who claim it and put a value there, a keeper who gives its
 * memory back when it is free, deaths, a sweep, and a reader who may be as slow as he likes.
 *
 * Stands for: claim, find_and_claim, make_resident, give_back, release_one of chunk_table.cpp; carve, allocate_run,
 * release_run and dissolve of block_allocator.cpp; sweep_chunks of sweep.cpp; read_block of reader.hpp.
 *
 * A writer claims the free chunk; where the record says that the memory may have gone he commits it, which may fail, and
 * only then clears the mark; draws a stamp, writes the value, and names it in the slot. Later he erases: the slot names
 * nothing, and what was the block gets a new stamp before the chunk is free. The keeper claims, marks, punches, releases.
 * Anyone may die at any step; the sweep frees the chunk that a dead one had claimed or used, if its entry is the one seen.
 *
 * What is checked, in every interleaving:
 *   - nobody writes where there is no memory (which is SIGBUS where the file system is full);
 *   - the chunk is never two's at once: nothing is punched that a living one uses or a slot names;
 *   - what a reader has copied and validated is the value that its word stood for, and never the zeros of a hole.
 *
 * What is left out: runs of several chunks, the pairs' own residence, weak memory. Entry words are compared with their
 * versions, which never repeat. With -DREADER there is a reader instead of the sweep and the deaths.
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_NO_COMMIT          who claims a chunk that was given back uses it as it is
 *   MISTAKE_NO_CLAIM           the keeper looks whether the chunk is free, and punches
 *   MISTAKE_MARK_AFTER_PUNCH   the memory goes before the record says so
 *   MISTAKE_CLEAR_BEFORE_COMMIT  the record says that the memory has come before it has
 *   MISTAKE_STAMP_STAYS        the chunk becomes free under the stamp of the value that was in it
 *   MISTAKE_SWEEP_CLEARS       the sweep takes what it frees for resident
 */

#ifndef ROUNDS
#define ROUNDS 3
#endif
#ifndef PUNCHES
#define PUNCHES 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

#define FREE 0
#define CLAIMED 1
#define USED 2
#define NOBODY 7
#define KEEPER 2 /* writers are 0 and 1 */
#define HOLE 0   /* what is read where there is no memory, and what new memory holds */

byte kind = FREE;
byte version;
byte holder = NOBODY; /* of a claimed or used chunk */
bool marked;          /* given_back_bit of the record */
bool memory = true;
byte bytes;           /* what lies in the chunk */
byte stamp;
byte stamps;          /* drawn so far */

bool named;           /* the slot names the chunk's block */
byte word;            /* the slot's version */
byte content;         /* what the slot's word stands for */

bool condemned[3], dead[3];
byte deaths, rounds, punches;

#define LIVING_USER (holder != NOBODY && !dead[holder])

inline claim(me) {
  atomic {
    if
    :: kind == FREE && version == seen ->
      assert(!LIVING_USER && !named);
      kind = CLAIMED; version++; holder = me; won = true
    :: else -> won = false
    fi
  }
}
inline release() {
  atomic { kind = FREE; version++; holder = NOBODY }
}
inline draw() {
  atomic { stamps++; stamp = stamps }
}
inline punch() {
  atomic {
    assert(!named && (!LIVING_USER || holder == KEEPER));
    memory = false; bytes = HOLE
  }
}

/* True in `won` if the chunk has memory now. */
inline make_resident() {
  if
  :: !marked
  :: marked ->
#ifdef MISTAKE_CLEAR_BEFORE_COMMIT
    marked = false;
#endif
#ifdef MISTAKE_NO_COMMIT
    skip;
#else
    if
    :: memory = true
    :: !memory -> won = false /* the file system is full */
    fi;
#endif
    if
    :: won -> marked = false
    :: else
#ifdef MISTAKE_CLEAR_BEFORE_COMMIT
      -> marked = true
#endif
    fi
  fi
}

inline use_chunk(me) {
  draw();
  atomic { kind = USED; version++ }
  atomic { assert(memory && holder == me); bytes = stamp }
  atomic { named = true; word++; content = stamp } /* published */
  atomic { named = false; word++ }                 /* erased */
#ifndef MISTAKE_STAMP_STAYS
  draw();
#endif
}

proctype writer(byte me) {
  byte seen;
  bool won;
  {
end:
    do
    :: rounds == ROUNDS -> break
    :: atomic { rounds < ROUNDS && kind == FREE -> rounds++; seen = version }
      claim(me);
      if
      :: won ->
        make_resident();
        if
        :: won -> use_chunk(me)
        :: else
        fi;
        release()
      :: else
      fi;
      atomic { seen = 0; won = false }
    od
  } unless {
    atomic { condemned[me] -> condemned[me] = false; dead[me] = true }
  }
}

proctype keeper() {
  byte seen;
  bool won;
  {
end:
    do
    :: punches == PUNCHES -> break
    :: atomic { punches < PUNCHES && kind == FREE && !marked -> punches++; seen = version }
#ifdef MISTAKE_NO_CLAIM
      if
      :: atomic { kind == FREE && version == seen -> marked = true }
        punch()
      :: else
      fi;
#else
      claim(KEEPER);
      if
      :: won ->
#ifdef MISTAKE_MARK_AFTER_PUNCH
        punch();
        marked = true;
#else
        marked = true;
        punch();
#endif
        release()
      :: else
      fi;
#endif
      atomic { seen = 0; won = false }
    od
  } unless {
    atomic { condemned[KEEPER] -> condemned[KEEPER] = false; dead[KEEPER] = true }
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
      :: condemned[KEEPER] = true
      fi }
  od
}

/* Frees what a dead one had: a claimed chunk, or one whose block no slot names, under a new stamp. */
proctype sweeper() {
  byte seen;
end:
  do
  :: atomic { kind != FREE && holder != NOBODY && dead[holder] && !named -> seen = version }
    atomic {
      if
      :: version == seen && !named ->
        if
        :: kind == USED -> stamps++; stamp = stamps
        :: else
        fi;
#ifdef MISTAKE_SWEEP_CLEARS
        marked = false;
#endif
        kind = FREE; version++; holder = NOBODY
      :: else
      fi;
      seen = 0
    }
  od
}

/* read_block: word, stamp, word again, bytes, stamp again. A word that names the block of a dead one is read as well. */
proctype reader() {
  byte seen, expected, before, copy;
end:
  do
  :: atomic { named -> seen = word; expected = content }
    before = stamp;
    if
    :: word == seen ->
      copy = bytes;
      atomic {
        assert(stamp != before || copy == expected);
        copy = 0
      }
    :: else
    fi;
    atomic { seen = 0; expected = 0; before = 0 }
  od
}

init {
  atomic {
    run writer(0);
    run writer(1);
    run keeper();
#ifdef READER
    run reader()
#else
    run sweeper();
    run killer()
#endif
  }
}
