/* The pairs of ordered accesses, on a memory that keeps no other order (memory.pml). One program for each shape that they have;
 * README.md says which numbered accesses of the code have it. In each, `me` 0 writes and 1 looks, and what may not be is asserted.
 *
 *   PUBLISH   something is written, then a word that says so; who sees the word sees the thing
 *   WORD      number and key, then the tag (T2); tags, fence (R7), number
 *   SLOT      a slot changes hands: free, key, live (S1, E2); word, key and payload, fence, word again (R3, R4)
 *   PAIR      halves of a pair that changes as one (A1); one half, the other, the first again (load_pair, load_owner)
 *   BLOCK     a block changes hands: new stamp (B1), bytes, published (E1); word, stamp, word again, bytes, stamp again (R4, R5)
 *   MISS      a table is read no more, the epoch grows, its memory becomes another table; epoch, root, words, root and epoch
 *             again (R6)
 *   MARK      a word of dirty, then its group's mark (Y1); the mark is cleared, then the group copied (Y2)
 *   KEYS      two processes each change a key, then load the other's (E1, R3): one of them sees the other's change
 *   NEW_KEY   the same where one key is new: who changes a key that was there before, and then finds no word of the new one
 *
 * What the programs do without, as in the code: no order is asked of accesses to the same location beyond what all memories keep.
 * MISS holds with acquire and release alone, so it is modelled with those; the code's seq_cst there is for NEW_KEY.
 *
 * Known mistakes, each of which must be found (see run.sh): MISTAKE_WEAK_x leaves the order of one access out; what
 * C++ by itself does not promise is found with BY_THE_BOOK (memory.pml).
 */

#if defined(BLOCK) || defined(NEW_KEY)
#define LOCATIONS 4
#elif defined(WORD) || defined(SLOT) || defined(MISS)
#define LOCATIONS 3
#else
#define LOCATIONS 2
#endif
#define MESSAGES 3
#define THREADS 2

#include "memory.pml"

#if defined(MISTAKE_WEAK_PUBLISHER)
#define PUBLISHER relaxed
#else
#define PUBLISHER release
#endif
#if defined(MISTAKE_WEAK_LOOKER)
#define LOOKER relaxed
#else
#define LOOKER acquire
#endif

#if defined(PUBLISH)
#define THING 0
#define FLAG 1

active proctype writer() {
  byte me = 0;
  store(THING, 1, relaxed);
  store(FLAG, 1, PUBLISHER)
}
active proctype reader() {
  byte me = 1, flag, thing;
  load(FLAG, flag, LOOKER);
  load(THING, thing, relaxed);
  assert(flag == 0 || thing == 1)
}

#elif defined(WORD)
#define IDENTITY 0
#define NUMBER 1
#define TAG 2

active proctype writer() {
  byte me = 0;
  store(IDENTITY, 1, relaxed);
  store(NUMBER, 1, relaxed);
  store(TAG, 1, PUBLISHER) /* T2 */
}
active proctype reader() {
  byte me = 1, tag, number, key;
  load(TAG, tag, relaxed);
#ifndef MISTAKE_WEAK_LOOKER
  acquire_fence(); /* R7 */
#endif
  load(NUMBER, number, relaxed);
  load(IDENTITY, key, relaxed);
  assert(tag == 0 || (number == 1 && key == 1))
}

#elif defined(SLOT)
/* Word and payload 0 belong to key 0, word 1 is free, word and payload 2 belong to key 1. */
#define STATE 0
#define PAYLOAD 1
#define IDENTITY 2

active proctype writer() {
  byte me = 0;
  swap_pair(STATE, 1, PAYLOAD, 1, seq_cst); /* S1 */
#ifndef MISTAKE_WEAK_WRITER
  release_fence(); /* E4 */
#endif
  store(IDENTITY, 1, relaxed);
  swap_pair(STATE, 2, PAYLOAD, 2, PUBLISHER) /* E2 */
}
active proctype reader() {
  byte me = 1, word, key, payload, again;
  load(STATE, word, LOOKER); /* R3 */
  load(IDENTITY, key, relaxed);
  load(PAYLOAD, payload, relaxed);
#ifndef MISTAKE_WEAK_SECOND_LOOK
  acquire_fence(); /* R4 */
#endif
  load(STATE, again, relaxed);
  assert(again != word || word == 1 || (key == word / 2 && payload == word))
}

#elif defined(PAIR)
/* Three pairs, 0 0, 1 1, 2 2, one after the other. */
active proctype writer() {
  byte me = 0;
  swap_pair(0, 1, 1, 1, seq_cst);
  swap_pair(0, 2, 1, 2, seq_cst)
}
active proctype reader() {
  byte me = 1, first, second, again;
  load(0, first, LOOKER);
#ifdef MISTAKE_WEAK_SECOND
  load(1, second, relaxed);
#else
  load(1, second, acquire);
#endif
  load(0, again, relaxed);
  assert(first != again || first == second)
}

#elif defined(BLOCK)
/* The slot's word 0 stands for the value 0, under the stamp 0; 1 is another block's; 2 stands for 1 under stamp 1. */
#define STATE 0
#define STAMP 1
#define LOW 2
#define HIGH 3

active proctype writer() {
  byte me = 0, before;
  exchange(STATE, before, 1, acq_rel); /* E1 */
  exchange(STAMP, before, 1, acq_rel); /* B1 */
#ifndef MISTAKE_WEAK_WRITER
  release_fence(); /* B2 */
#endif
  store(LOW, 1, relaxed);
  store(HIGH, 1, relaxed);
  exchange(STATE, before, 2, PUBLISHER) /* E1 */
}
active proctype reader() {
  byte me = 1, word, before, again, low, high, after;
  load(STATE, word, LOOKER); /* R3 */
  load(STAMP, before, relaxed);
#ifndef MISTAKE_WEAK_SECOND_LOOK
  acquire_fence(); /* R4 */
#endif
  load(STATE, again, relaxed);
  if
  :: again == word && word != 1 ->
    load(LOW, low, relaxed);
    load(HIGH, high, relaxed);
#ifndef MISTAKE_WEAK_LAST_LOOK
    acquire_fence(); /* R5 */
#endif
    load(STAMP, after, relaxed);
    assert(after != before || (low == word / 2 && high == word / 2))
  :: else
  fi
}

#elif defined(MISS)
/* Root 0 is the table in MEMORY, which has the key's word at first. Root 1 is elsewhere and has it too. */
#define ROOT 0
#define EPOCH 1
#define MEMORY 2

active proctype writer() {
  byte me = 0, before;
  store(ROOT, 1, PUBLISHER);             /* T1 */
  exchange(EPOCH, before, 1, PUBLISHER); /* T4 */
#ifndef MISTAKE_WEAK_WRITER
  release_fence(); /* T3 */
#endif
  store(MEMORY, 1, relaxed) /* empty */
}
active proctype reader() {
  byte me = 1, epoch, root, word, root_again, epoch_again;
  load(EPOCH, epoch, acquire); /* R8 */
  load(ROOT, root, LOOKER);    /* R1 */
  if
  :: root == 0 ->
    load(MEMORY, word, relaxed);
#ifndef MISTAKE_WEAK_SECOND_LOOK
    acquire_fence(); /* R6 */
#endif
#ifdef NO_ROOT_CHECK
    root_again = 0;
#else
    load(ROOT, root_again, relaxed);
#endif
#ifdef NO_EPOCH_CHECK
    epoch_again = epoch;
#else
    load(EPOCH, epoch_again, relaxed);
#endif
    assert(word == 0 || root_again != root || epoch_again != epoch)
  :: else
  fi
}

#elif defined(MARK)
#define WORDS 0
#define MARKED 1

active proctype writer() {
  byte me = 0, before;
  store(WORDS, 1, release);
  exchange(MARKED, before, 1, PUBLISHER) /* Y1 */
}
active proctype copier() {
  byte me = 1, mark, cleared, copied;
  load(MARKED, mark, relaxed);
  if
  :: mark == 1 ->
    exchange(MARKED, cleared, 0, LOOKER); /* Y2 */
    load(WORDS, copied, relaxed);
    assert(copied == 1)
  :: mark == 0
  fi
}

#elif defined(KEYS)
#if defined(MISTAKE_WEAK_CHANGE)
#define CHANGE acq_rel
#else
#define CHANGE seq_cst
#endif
#if defined(MISTAKE_WEAK_LOAD)
#define LOAD acquire
#else
#define LOAD seq_cst
#endif

byte ended, missed;

proctype either(byte me) {
  byte before, other;
  exchange(me, before, 1, CHANGE); /* E1 */
  load(1 - me, other, LOAD);       /* R3 */
  atomic {
    ended++;
    missed = missed + (other == 0);
    assert(ended < 2 || missed < 2)
  }
}
init {
  atomic {
    run either(0);
    run either(1)
  }
}

#elif defined(NEW_KEY)
#if defined(MISTAKE_WEAK_FIRST_LOAD)
#define FIRST_LOAD acquire
#else
#define FIRST_LOAD seq_cst
#endif
#define OLD_KEY 0
#define NEW_TAG 1
#define NEW_KEY_WORD 2
#define EPOCH 3

byte ended, missed;

inline end(found) {
  atomic {
    ended++;
    missed = missed + (found == 0);
    assert(ended < 2 || missed < 2)
  }
}

active proctype inserter() {
  byte me = 0, found;
  store(NEW_TAG, 1, release);                /* T2 */
  exchange(NEW_KEY_WORD, found, 1, seq_cst); /* E2 */
  load(OLD_KEY, found, seq_cst);             /* R3 */
  end(found)
}
/* Revives the old key, then looks for the new one; with no word there, that is a miss. */
active proctype reviver() {
  byte me = 1, found;
  exchange(OLD_KEY, found, 1, seq_cst); /* E1 */
  load(EPOCH, found, FIRST_LOAD); /* R8 */
  load(NEW_TAG, found, relaxed);
  if
  :: found != 0 ->
    acquire_fence();                     /* R7 */
    load(NEW_KEY_WORD, found, seq_cst) /* R3 */
  :: else
  fi;
  end(found)
}
#endif
