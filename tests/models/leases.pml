/* Leases, and who is taken for dead: lease.cpp, lock_file.cpp (the anchor), lease_census.cpp, and what of block_allocator.cpp and
 * sweep.cpp goes by them. mutex.pml has the mutex.
 *
 * One lease slot and one block. Two processes take the lease, claim the block, write it, give it back, sweep, release the lease,
 * and may be killed anywhere; the next one to take the lease is another incarnation of the same slot. With -DFORK there is one,
 * and its child. A caretaker sweeps too, and has no lease. A program may close the descriptor of the anchor behind the
 * library's back, and its number becomes another file's.
 *
 * What is checked, in every interleaving:
 *   - nothing that a living process holds is taken for a dead one's (assert where a sweep frees);
 *   - two processes never hold the block, nor one incarnation;
 *   - no stamp is ever given twice;
 *   - what is held by nobody that lives looks dead, but for the moment in which somebody tries to take a lease.
 *
 * What stands for what. The kernel's locks are one bit for each byte, and who has it: a description. A probe through a description
 * sees the locks of all others. Of the two bytes of a lease there is one. The anchor's number is closed and becomes another file's
 * CLOSES times in all, and is not made the anchor again by others within the same probe. Memory order is sequential (PUBLISH in
 * orders.pml).
 *
 * Known mistakes, each of which must be found (see run.sh):
 *   MISTAKE_NO_INCARNATION        byte and owner word name the slot alone
 *   MISTAKE_PROBED_THROUGH_LEASE  who has a lease probes through that lease's description
 *   MISTAKE_ANCHOR_UNCHECKED      nobody looks whether the descriptor is still the anchor
 *   MISTAKE_ANCHOR_CHECKED_ONCE   only before the probe
 *   MISTAKE_TAKEN_WITHOUT_LOCK    who finds the last incarnation dead makes itself the next, and locks its byte then
 *   MISTAKE_CHILD_GOES_ON         a forked child works on with its parent's lease
 *   MISTAKE_CHILD_KEEPS_PROOF     a forked child keeps its parent's description alive
 *   MISTAKE_STAMPS_ANEW           each holder counts its stamps from the beginning
 *   MISTAKE_STAMP_BEFORE_COUNTER  a stamp is used before the counter says so
 */

#ifndef CLOSES
#define CLOSES 0
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#define INCARNATIONS 3
#define CLAIMS 2
#define CHILD 2
#define CARETAKER 3
#define NOBODY 7

#ifdef MISTAKE_NO_INCARNATION
#define NAME(n) 1
#else
#define NAME(n) (n)
#endif

/* The segment. */
byte incarnation; /* of the slot's record */
byte stamps;      /* the slot's counter */
byte owner;       /* 0: free; else the NAME of an incarnation */
byte stamp;

/* The kernel: who has locked the byte of an incarnation. */
byte locker[INCARNATIONS + 1];

/* What is true of each process. */
byte lease[4];
bool holds[4];  /* believes that the block is its own */
bool trying[4]; /* has locked a byte, and may let go of it again */
bool anchor[4]; /* the number of the descriptor is the anchor's */

bool drawn[CLAIMS + 1];
byte deaths, closes;
bool forked;
bool condemned[2];

#define HELD (holds[0] || holds[1] || holds[CHILD])
#define BELIEVERS (holds[0] + holds[1] + holds[CHILD])
#define SOMEBODY_TRIES (trying[0] || trying[1] || trying[CHILD])
#define LOCKED(n) (locker[NAME(n)] != NOBODY)
#define PAIR_IS_AS_SEEN (owner == seen && stamp == seen_stamp)

/* lock_file::probe; `told` if what is asked about is the owner of the pair that was seen. */
inline probe(n, told) {
#if CLOSES > 0 && !defined(MISTAKE_ANCHOR_UNCHECKED)
  if
  :: !anchor[me] -> anchor[me] = true /* opened again */
  :: anchor[me]
  fi;
#endif
  atomic {
#ifdef MISTAKE_PROBED_THROUGH_LEASE
    dead = !LOCKED(n) || locker[NAME(n)] == me;
#else
    dead = !anchor[me] || !LOCKED(n);
#endif
    assert(dead || !(told && PAIR_IS_AS_SEEN) || HELD || SOMEBODY_TRIES)
  }
#if CLOSES > 0 && !defined(MISTAKE_ANCHOR_UNCHECKED) && !defined(MISTAKE_ANCHOR_CHECKED_ONCE)
  dead = dead && anchor[me]
#endif
}

/* sweep_blocks: the pair, whether its lease is dead, the CAS of that very pair. No slot names the block here. */
inline sweep() {
  atomic { seen = owner; seen_stamp = stamp }
  if
  :: seen != 0 ->
    probe(seen, true);
    atomic {
      if
      :: dead && PAIR_IS_AS_SEEN -> assert(!HELD); owner = 0
      :: else
      fi
    }
  :: seen == 0
  fi;
  atomic { seen = 0; seen_stamp = 0; dead = false }
}

inline unlock(n) {
  locker[NAME(n)] = NOBODY
}

/* lease::take, try_slot */
inline take() {
  last = incarnation;
  if
  :: last == 0 -> dead = true
  :: last != 0 -> probe(last, false)
  fi;
  if
  :: dead && last < INCARNATIONS ->
#ifdef MISTAKE_TAKEN_WITHOUT_LOCK
    incarnation = last + 1;
    atomic { locker[NAME(last + 1)] = me; taken = true }
#else
    atomic {
      if
      :: LOCKED(last + 1)
      :: !LOCKED(last + 1) -> locker[NAME(last + 1)] = me; trying[me] = true
      fi
    }
    if
    :: trying[me] ->
#ifndef MISTAKE_NO_INCARNATION
      if
      :: last != 0 -> probe(last, false)
      :: last == 0
      fi;
#endif
      atomic {
        if
        :: dead && incarnation == last -> incarnation = last + 1; taken = true
        :: else -> unlock(last + 1)
        fi;
        trying[me] = false
      }
    :: !trying[me]
    fi;
#endif
    atomic {
      if
      :: taken ->
        lease[me] = last + 1;
        assert((lease[0] == last + 1) + (lease[1] == last + 1) + (lease[CHILD] == last + 1) == 1);
#ifdef MISTAKE_STAMPS_ANEW
        stamps = 0;
#endif
        taken = false
      :: else
      fi
    }
  :: else
  fi;
  atomic { dead = false; last = 0 }
}

/* draw_stamp and the claiming CAS */
inline claim() {
  atomic { seen = owner; seen_stamp = stamp; mine = stamps + 1 }
#ifndef MISTAKE_STAMP_BEFORE_COUNTER
  stamps = mine;
#endif
  atomic {
    if
    :: seen == 0 && PAIR_IS_AS_SEEN ->
      owner = NAME(lease[me]); stamp = mine; holds[me] = true;
      assert(!drawn[mine] && BELIEVERS == 1);
      drawn[mine] = true
    :: else
    fi
  }
#ifdef MISTAKE_STAMP_BEFORE_COUNTER
  stamps = mine;
#endif
  atomic { seen = 0; seen_stamp = 0; mine = 0 }
}

inline work() {
  if
  :: lease[me] == 0 && incarnation < INCARNATIONS -> take()
  :: atomic { lease[me] != 0 && owner == 0 && stamps < CLAIMS } claim()
  :: atomic { holds[me] -> assert(BELIEVERS == 1 && owner == NAME(lease[me])); owner = 0; holds[me] = false }
  :: lease[me] != 0 -> sweep()
  :: atomic { lease[me] != 0 && !holds[me] -> unlock(lease[me]); lease[me] = 0 }
  fi
}

proctype child() {
  byte me = CHILD, seen, seen_stamp, last, mine;
  bool dead, taken;

end:
  do
  :: work()
  od
}

inline fork() {
  atomic {
    me == 0 && !forked && lease[me] != 0 -> forked = true;
#ifdef MISTAKE_CHILD_GOES_ON
    lease[CHILD] = lease[me]; holds[CHILD] = holds[me];
#endif
    run child()
  }
}

/* The kernel closes what nobody has mapped any more; the next process begins in the same place. */
inline tear_down(n) {
  if
  :: locker[n] == me ->
#ifdef MISTAKE_CHILD_KEEPS_PROOF
    locker[n] = (forked && me == 0 -> CHILD : NOBODY)
#else
    locker[n] = NOBODY
#endif
  :: else
  fi
}

proctype worker(byte me) {
  byte seen, seen_stamp, last, mine;
  bool dead, taken;

again:
  {
end:
    do
    :: work()
#ifdef FORK
    :: fork()
#endif
    od
  } unless {
    atomic {
      condemned[me] ->
      condemned[me] = false;
      tear_down(1);
      tear_down(2);
      tear_down(3);
      lease[me] = 0; holds[me] = false; trying[me] = false; anchor[me] = true;
      seen = 0; seen_stamp = 0; last = 0; mine = 0; dead = false; taken = false;
      goto again
    }
  }
}

proctype caretaker() {
  byte me = CARETAKER, seen, seen_stamp;
  bool dead;

end:
  do
  :: sweep()
  od
}

/* Kills, and programs that close a descriptor which is not theirs. */
proctype misfortune() {
end:
  do
  :: atomic { deaths < DEATHS ->
      deaths++;
      if
      :: condemned[0] = true
      :: condemned[1] = true
      fi }
  :: atomic { closes < CLOSES -> closes++;
      if
      :: anchor[0] = false
      :: anchor[CARETAKER] = false
      fi }
  od
}

init {
  atomic {
    locker[0] = NOBODY; locker[1] = NOBODY; locker[2] = NOBODY; locker[3] = NOBODY;
    anchor[0] = true; anchor[1] = true; anchor[CHILD] = true; anchor[CARETAKER] = true;
    run worker(0);
#ifndef FORK
    run worker(1);
#endif
    run caretaker();
    run misfortune()
  }
}
