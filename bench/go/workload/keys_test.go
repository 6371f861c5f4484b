package workload

import "testing"

// The same numbers come out of keys.hpp; bench/run compares the checksums of whole runs.
func TestTheSequenceHoldsEveryKeyOnceAndNoAbsentOne(t *testing.T) {
	s := NewSequence(100000)
	seen := map[uint64]bool{}
	for _, key := range s.Present {
		seen[key] = true
	}
	if len(seen) != s.Size || len(s.Present) != s.Size {
		t.Errorf("%d distinct keys of %d, wanted %d", len(seen), len(s.Present), s.Size)
	}
	for _, key := range s.Absent {
		if seen[key] {
			t.Fatalf("%d is both present and absent", key)
		}
	}
}
