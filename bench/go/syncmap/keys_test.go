package main

import "testing"

// The same numbers come out of keys.hpp; bench/run compares the checksums of whole runs.
func TestTheSequenceHoldsEveryKeyOnceAndNoAbsentOne(t *testing.T) {
	s := newSequence(100000)
	seen := map[uint64]bool{}
	for _, key := range s.present {
		seen[key] = true
	}
	if len(seen) != s.size || len(s.present) != s.size {
		t.Errorf("%d distinct keys of %d, wanted %d", len(seen), len(s.present), s.size)
	}
	for _, key := range s.absent {
		if seen[key] {
			t.Fatalf("%d is both present and absent", key)
		}
	}
}
