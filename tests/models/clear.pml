/* Walks over all slots, clear's and for_each's, and births: which keys they are about.
 *
 * One key, two slots, and three processes:
 *   walker   clear of walk.cpp, again and again; with -DFOR_EACH key_walk::next instead. First the birth number that the next
 *            key will get, then slot after slot: word, birth, word again, and the CAS or the visit
 *   holder   has the mutex: insert_new_locked (insert.cpp), free_slot_locked (slots.cpp). So the key comes back in either slot
 *   others   erase and revive the key without the mutex
 *
 * What is checked, in every interleaving:
 *   - a key that was there when clear began is absent at some time before it ends;
 *   - one clear erases the key at most once: one erase cannot be in two places of an order;
 *   - for_each visits no key twice, and exactly once one that is there from its begin to its end (Go's Range promise).
 *
 * What stands for what. Births are numbers, and there are INSERTS of them. That a slot has changed since the walker loaded its
 * word is one bit (slots.pml, which has what a walker copies without a second look). A key that is expunged and comes back keeps slot and birth, as one that is nil does. The walker
 * sees as many slots as there are. Deaths are left out: a birth that was drawn for nothing is one that nobody has. Memory
 * order is sequential (PUBLISH in orders.pml: the birth is drawn before the key is live).
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_BIRTH_IGNORED     whatever is live is taken
 *   MISTAKE_BIRTH_BEFORE_WORD the birth is read before the word
 *   MISTAKE_DRAWN_LATE        the next key's number is raised after the key is live
 *   MISTAKE_LIMIT_LATE        the walker asks for that number after the first slot
 */

#ifndef INSERTS
#define INSERTS 5
#endif

#define FREE 0
#define LIVE 1
#define NIL 2

byte state[2];
byte birth[2];
byte births; /* the next key's */
byte watched; /* slot + 1 */
bool moved;   /* it has changed since the walker loaded its word */
bool gap;     /* the key was absent at some time since the walk began */

#define PRESENT (state[0] == LIVE || state[1] == LIVE)

inline set(s, to) {
  state[s] = to;
  moved = moved || watched == (s) + 1;
  gap = gap || !PRESENT
}

proctype others() {
end:
  do
  :: atomic { state[0] == LIVE -> set(0, NIL) }
  :: atomic { state[0] == NIL -> set(0, LIVE) }
  :: atomic { state[1] == LIVE -> set(1, NIL) }
  :: atomic { state[1] == NIL -> set(1, LIVE) }
  od
}

inline insert(s) {
#ifdef MISTAKE_DRAWN_LATE
  birth[s] = births;
  atomic { set(s, LIVE) }
  births++
#else
  drawn = births;
  births++;
  birth[s] = drawn;
  atomic { set(s, LIVE) }
  drawn = 0
#endif
}

proctype holder() {
  byte drawn;

end:
  do
  :: atomic { state[0] == FREE && state[1] == FREE && births < INSERTS } insert(0)
  :: atomic { state[0] == FREE && state[1] == FREE && births < INSERTS } insert(1)
  :: atomic { state[0] == NIL -> set(0, FREE) }
  :: atomic { state[1] == NIL -> set(1, FREE) }
  od
}

#ifdef MISTAKE_BIRTH_IGNORED
#define BORN_BEFORE true
#else
#define BORN_BEFORE (born < limit)
#endif

/* Slot `s`; where it has changed meanwhile, once more. */
inline look() {
  do
  ::
#ifdef MISTAKE_BIRTH_BEFORE_WORD
    born = birth[s];
#endif
    atomic { watched = s + 1; moved = false; live = state[s] == LIVE }
    if
    :: !live -> break
    :: live ->
#ifndef MISTAKE_BIRTH_BEFORE_WORD
      born = birth[s];
#endif
      atomic {
        if
        :: moved
        :: !moved && !BORN_BEFORE -> break
        :: !moved && BORN_BEFORE ->
#ifdef FOR_EACH
          taken++;
          assert(taken < 2);
          break
#else
          skip
#endif
        fi
      }
#ifndef FOR_EACH
      atomic {
        if
        :: moved
        :: !moved -> set(s, NIL); taken++; assert(taken < 2); break
        fi
      }
#endif
    fi
  od;
  atomic { watched = 0; moved = false; born = 0; live = false }
}

proctype walker() {
  byte s, limit, born, taken;
  bool live, there;

end:
  do
  :: atomic { there = PRESENT; gap = !PRESENT; taken = 0; s = 0 }
#ifdef MISTAKE_LIMIT_LATE
    limit = INSERTS;
#else
    limit = births;
#endif
    look();
    s = 1;
#ifdef MISTAKE_LIMIT_LATE
    limit = births;
#endif
    look();
    atomic {
#ifdef FOR_EACH
      assert(gap || taken == 1);
#else
      assert(gap || !there);
#endif
      s = 0; limit = 0; taken = 0; there = false; gap = true
    }
  od
}

init {
  atomic {
    run walker();
    run holder();
    run others()
  }
}
