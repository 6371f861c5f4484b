/* Two places of a group, each a tag and a number in two halves: words are published, removed, and put where others were,
 * while a reader looks for one key and the holder of the mutex may die at any step.
 *
 * Stands for: store_word, bury_word, place_word, for_words_of of storage/table_words.hpp; match_tag and load_number as
 * first_in_home, read_group of reader.hpp and locate.cpp use them; index_locked, unindex_locked of tables.cpp; the part of
 * fix_up.cpp that takes back an insert.
 *
 * The holder inserts key K, removes it, inserts key L, which gets the same place and has the same tag, and inserts K
 * again, in the other place and another slot. Each insert writes the slot's key, then the number, half by half, then the tag, then makes the slot live. A
 * removal frees the slot first and buries the word after. Whoever follows a dead holder buries what names the slot in
 * flux and begins its step again. The reader loads the tags one by one, then the numbers, half by half, and looks into
 * the slot; with -DNUMBERS_FIRST it has the numbers before the tags, as a processor may that keeps loads in no order.
 *
 * What is checked, in every interleaving:
 *   - who finds nothing has been reading while the key was absent, without a look at the roots: between two inserts none changes;
 *   - no two published words name the same slot, and each names the slot that it was published for.
 *
 * It holds in either order of the loads: the key of whoever reads is there all the time, or its absence is found. The fence
 * (R7) is there for C++, in which a number that was stored before its tag is seen with it only then.
 *
 * What is left out: the roots (tables.pml), the slot's own rules (slots.pml).
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_TAG_FIRST       the tag is stored before the number
 *   MISTAKE_LIVE_FIRST      the slot is live before its word is published
 *   MISTAKE_BURIED_FIRST    the word is buried while the slot is still live
 *   MISTAKE_NUMBER_CLEARED  a removal makes the number 0 and lets the tag stand
 */

#define EMPTY 0
#define TOMBSTONE 1
#define TAG 2 /* of both keys */
#define NOBODY 0
#define K 1
#define L 2

byte tag[2];
bit high[2], low[2];
byte key[4];
bool live[4];
byte published[2]; /* the slot that the place's word was published for, 0: none */
bool gap;          /* K was absent at some time since the reader began */
byte step;         /* of the holder's work */
bool deaths;

#define NUMBER(place) (2 * high[place] + low[place])
#define PRESENT ((key[1] == K && live[1]) || (key[2] == K && live[2]) || (key[3] == K && live[3]))

inline check_words() {
  assert(tag[0] != TAG || NUMBER(0) == published[0]);
  assert(tag[1] != TAG || NUMBER(1) == published[1]);
  assert(tag[0] != TAG || tag[1] != TAG || NUMBER(0) != NUMBER(1))
}

/* A death leaves everything as it is; the rest of the step is the successor's. */
inline may_die() {
  if
  :: !deaths -> deaths = true; goto dead
  :: skip
  fi
}

inline bury(place) {
#ifdef MISTAKE_NUMBER_CLEARED
  low[place] = 0; high[place] = 0
#else
  atomic { tag[place] = TOMBSTONE; published[place] = 0 }
#endif
}

inline insert(who, slot) {
  key[slot] = who;
  may_die();
#ifdef MISTAKE_LIVE_FIRST
  live[slot] = true;
  may_die();
#endif
  /* place_word: the first that is empty or a tombstone. */
  place = (tag[0] == TAG -> 1 : 0);
#ifdef MISTAKE_TAG_FIRST
  atomic { tag[place] = TAG; published[place] = slot }
  may_die();
#endif
  low[place] = slot & 1;
  may_die();
  high[place] = slot >> 1;
  may_die();
  atomic { tag[place] = TAG; published[place] = slot; check_words() }
  may_die();
  live[slot] = true
}

inline remove(slot) {
  place = (tag[0] == TAG && published[0] == slot -> 0 : 1);
#ifdef MISTAKE_BURIED_FIRST
  bury(place);
#endif
  atomic { live[slot] = false; gap = gap || !PRESENT }
  key[slot] = NOBODY;
  may_die();
  bury(place)
}

/* What names a slot that is not live goes, and the slot is nobody's. */
inline fix_up(slot) {
  if
  :: !live[slot] ->
    if
    :: tag[0] == TAG && NUMBER(0) == slot -> bury(0)
    :: else
    fi;
    if
    :: tag[1] == TAG && NUMBER(1) == slot -> bury(1)
    :: else
    fi;
    key[slot] = NOBODY
  :: else
  fi
}

active proctype holder() {
  byte place;
again:
  do
  :: step == 0 -> insert(K, 3); step = 1
  :: step == 1 -> remove(3); step = 2
  :: step == 2 -> insert(L, 1); step = 3
  :: step == 3 -> insert(K, 2); step = 4
  :: step == 4 -> break
  od;
  goto end;
dead:
  if
  :: step == 0 || step == 1 -> fix_up(3)
  :: step == 2 -> fix_up(1)
  :: step == 3 -> fix_up(2)
  fi;
  /* An insert that was live is done; what was not is begun again, where there is room. */
  if
  :: step == 0 && live[3] -> step = 1
  :: step == 1 -> step = 2
  :: step == 2 && live[1] -> step = 3
  :: step == 3 && live[2] -> step = 4
  :: else
  fi;
  goto again;
end:
  check_words()
}

active proctype reader() {
  byte seen[2], slot[2];
  bool found;
  byte i;
  atomic { gap = !PRESENT; i = 0 }
#ifdef NUMBERS_FIRST
  slot[0] = low[0]; slot[0] = slot[0] + 2 * high[0];
  slot[1] = low[1]; slot[1] = slot[1] + 2 * high[1];
#endif
  seen[0] = tag[0];
  seen[1] = tag[1];
  do
  :: i < 2 ->
    if
    :: seen[i] == TAG ->
#ifndef NUMBERS_FIRST
      slot[i] = low[i];
      slot[i] = slot[i] + 2 * high[i];
#endif
      atomic { found = found || (key[slot[i]] == K && live[slot[i]]) }
    :: else
    fi;
    i++
  :: else -> break
  od;
  atomic { assert(found || gap || !PRESENT) }
}
