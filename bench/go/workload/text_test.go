package workload

import (
	"math"
	"testing"
)

func TestTextKeysOfAnyLengthDiffer(t *testing.T) {
	for _, bytes := range []int{8, 16, 64} {
		seen := map[string]bool{}
		for index := uint64(0); index < 100000; index++ {
			key := textKey(index, bytes)
			if len(key) != bytes {
				t.Fatalf("%q has %d bytes, wanted %d", key, len(key), bytes)
			}
			seen[key] = true
		}
		if len(seen) != 100000 {
			t.Errorf("%d distinct keys of 100000 with %d bytes", len(seen), bytes)
		}
	}
}

// What the definition says: frequency k^-0.99 over their sum. The two highest ranks are drawn exactly, the others
// by an approximation.
func TestRanksComeAsOftenAsZipfSays(t *testing.T) {
	const ranks, draws = 1000, 1 << 20
	z := newZipf(ranks)
	counts := make([]float64, ranks)
	for draw := uint64(0); draw < draws; draw++ {
		counts[z.rank(mix(draw))]++
	}
	sum := 0.0
	for rank := 1; rank <= ranks; rank++ {
		sum += math.Pow(float64(rank), -theta)
	}
	share := func(first, last int) (drawn, defined float64) {
		for rank := first; rank <= last; rank++ {
			drawn += counts[rank-1] / draws
			defined += math.Pow(float64(rank), -theta) / sum
		}
		return drawn, defined
	}
	for _, c := range []struct {
		first, last int
		tolerance   float64
	}{{1, 1, 0.02}, {2, 2, 0.02}, {3, 10, 0.1}, {11, 100, 0.1}, {101, 1000, 0.1}} {
		drawn, defined := share(c.first, c.last)
		if math.Abs(drawn-defined) > c.tolerance*defined {
			t.Errorf("ranks %d to %d: a share of %.4f, defined as %.4f", c.first, c.last, drawn, defined)
		}
	}
}

func TestAMixHasItsShareOfUpdates(t *testing.T) {
	s := NewTextSequence(Shape{Keys: 1000, KeyBytes: 24, ValueBytes: 100, Zipf: true, Updates: 5})
	updates := 0
	for position := 0; position < s.Len(); position++ {
		if s.IsUpdate(position) {
			updates++
		}
	}
	if share := float64(updates) / float64(s.Len()); share < 0.045 || share > 0.055 {
		t.Errorf("a share of %.4f updates, wanted 0.05", share)
	}
}

func TestAValueShowsItsKeyItsRoundAndWhetherItIsTorn(t *testing.T) {
	const key, other = "basket:AAAAAAAAAA", "basket:BBBBBBBBBB"
	value := make([]byte, 64)
	StampValue(value, key, 3)
	if !ValueIsFrom(value, key, 64, 0, 3) || !ValueIsFrom(value, key, 64, 3, 3) {
		t.Error("a sound value was refused")
	}
	newer := append([]byte(nil), value...)
	StampValue(newer, key, 4)
	torn := append(append([]byte(nil), value[:32]...), newer[32:]...)
	if ValueIsFrom(value, other, 64, 0, 3) || ValueIsFrom(value, key, 64, 0, 2) || ValueIsFrom(value, key, 65, 0, 3) ||
		ValueIsFrom(torn, key, 64, 0, 4) {
		t.Error("another key's, a later, a short or a torn value was accepted")
	}
}

// The same numbers come out of shapes/keys.hpp. A Zipf sequence depends on the last bits of math.Pow, so this is where
// one sees that a compiler has another one.
func TestTheSequencesAreThoseOfTheOtherPrograms(t *testing.T) {
	for _, c := range []struct {
		asked    Shape
		checksum uint64
	}{
		{Shape{Keys: 100000, KeyBytes: 16, ValueBytes: 64}, 733282818153102},
		{Shape{Keys: 100000, KeyBytes: 24, ValueBytes: 100, Zipf: true, Updates: 50}, 2908786013110697},
	} {
		if got := NewTextSequence(c.asked).Checksum >> 12; got != c.checksum {
			t.Errorf("%+v: checksum %d, wanted %d", c.asked, got, c.checksum)
		}
	}
}
