/* A memory that keeps no order but the one that it is asked for: what orders.pml runs on.
 *
 * Each location keeps all that was ever stored in it. A load may return any of that, but nothing older than what its process
 * knows of: what it stored, what it loaded from there before, and what came along with something that it acquired. That is a
 * store buffer without an order and loads in any order at once. What a release, or a store after a release fence, takes along
 * is the view of its process then: of each location, the newest store that it knows of. An acquire, or an acquire fence after
 * a load, takes that view over. This is the C++ memory model as an operational semantics (Kang et al., POPL 2017, without
 * promises); a load never sees a store that its own process's later stores depend on.
 *
 * seq_cst accesses are more than C++ says of them: one that stores publishes the whole view of its process, and a load takes over
 * all that was published before, so that no later load overtakes it. That is how x86-64 has it, and AArch64 (ldar after stlr,
 * or after stlxp). A read-modify-write does not take over, though x86-64's does: AArch64 lets later loads overtake its
 * store. With -DBY_THE_BOOK it is C++'s, location by location.
 *
 * The program that includes this defines LOCATIONS, MESSAGES (stores in one location and the 0 that is there at first) and THREADS;
 * each of its processes has a number of its own, `me`.
 */

#define relaxed 0
#define acquire 1
#define release 1
#define acq_rel 1
#define seq_cst 2

byte stored[LOCATIONS * MESSAGES];
byte newest[LOCATIONS];
byte along[LOCATIONS * MESSAGES * LOCATIONS]; /* the view that a store takes along */
byte known[THREADS * LOCATIONS];              /* what a process may not fall behind */
byte pending[THREADS * LOCATIONS];            /* the same after its next acquire fence */
byte fenced[THREADS * LOCATIONS];             /* as it was at its last release fence */
byte published[LOCATIONS];
byte i, k; /* 0 between steps */

#define STORED(where, n) stored[(where) * MESSAGES + (n)]
#define ALONG(where, n, of) along[((where) * MESSAGES + (n)) * LOCATIONS + (of)]
#define MINE(view, of) view[me * LOCATIONS + (of)]
#define LATER(a, b) ((a) > (b) -> (a) : (b))

inline take_over(view, where, n) {
  k = 0;
  do
  :: k == LOCATIONS -> k = 0; break
  :: k < LOCATIONS -> MINE(view, k) = LATER(MINE(view, k), ALONG(where, n, k)); k++
  od
}

/* What a seq_cst access to `where` must know of, and what it makes known. */
inline catch_up(where) {
#ifdef BY_THE_BOOK
  MINE(known, where) = LATER(MINE(known, where), published[where])
#else
  k = 0;
  do
  :: k == LOCATIONS -> k = 0; break
  :: k < LOCATIONS -> MINE(known, k) = LATER(MINE(known, k), published[k]); k++
  od
#endif
}
inline publish(where) {
#ifdef BY_THE_BOOK
  published[where] = LATER(published[where], MINE(known, where))
#else
  k = 0;
  do
  :: k == LOCATIONS -> k = 0; break
  :: k < LOCATIONS -> published[k] = LATER(published[k], MINE(known, k)); k++
  od
#endif
}

inline load(where, into, order) {
  atomic {
    if
    :: order == seq_cst -> catch_up(where)
    :: order != seq_cst
    fi;
    i = MINE(known, where);
    do
    :: i < newest[where] -> i++
    :: break
    od;
    into = STORED(where, i);
    MINE(known, where) = i;
    take_over(pending, where, i);
    if
    :: order != relaxed -> take_over(known, where, i)
    :: order == relaxed
    fi;
    i = 0
  }
}

/* The newest store in `where` gets a view: the release fence's, or all that its process knows. */
inline attach(where, order) {
  i = newest[where];
  MINE(known, where) = i;
  MINE(pending, where) = i;
  k = 0;
  do
  :: k == LOCATIONS -> k = 0; break
  :: k < LOCATIONS -> ALONG(where, i, k) = LATER(ALONG(where, i, k), (order == relaxed -> MINE(fenced, k) : MINE(known, k))); k++
  od;
  ALONG(where, i, where) = i;
  i = 0
}
inline append(where, what) {
  newest[where]++;
  assert(newest[where] < MESSAGES);
  STORED(where, newest[where]) = what
}

inline store(where, what, order) {
  atomic {
    append(where, what);
    attach(where, order);
    if
    :: order == seq_cst -> publish(where)
    :: order != seq_cst
    fi
  }
}

/* A read-modify-write loads the newest, and what that took along goes with what it stores. */
inline before_change(where, order) {
  i = newest[where];
  take_over(pending, where, i);
  if
  :: order != relaxed -> take_over(known, where, i)
  :: order == relaxed
  fi;
  i = 0
}
inline inherit(where) {
  k = 0;
  do
  :: k == LOCATIONS -> k = 0; break
  :: k < LOCATIONS -> ALONG(where, newest[where], k) = ALONG(where, newest[where] - 1, k); k++
  od
}

inline exchange(where, into, what, order) {
  atomic {
    into = STORED(where, newest[where]);
    before_change(where, order);
    append(where, what);
    inherit(where);
    attach(where, order);
    if
    :: order == seq_cst -> publish(where)
    :: order != seq_cst
    fi
  }
}
/* compare_exchange of a pair: both halves in one step; for who knows that nobody else changes it. */
inline swap_pair(first, what, second, also, order) {
  atomic {
    before_change(first, order);
    before_change(second, order);
    append(first, what);
    append(second, also);
    inherit(first);
    inherit(second);
    MINE(known, first) = newest[first];
    MINE(known, second) = newest[second];
    attach(first, order);
    attach(second, order);
    if
    :: order == seq_cst -> publish(first); publish(second)
    :: order != seq_cst
    fi
  }
}

inline acquire_fence() {
  d_step {
    k = 0;
    do
    :: k == LOCATIONS -> k = 0; break
    :: k < LOCATIONS -> MINE(known, k) = LATER(MINE(known, k), MINE(pending, k)); k++
    od
  }
}
inline release_fence() {
  d_step {
    k = 0;
    do
    :: k == LOCATIONS -> k = 0; break
    :: k < LOCATIONS -> MINE(fenced, k) = MINE(known, k); k++
    od
  }
}
