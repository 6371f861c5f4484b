package main

// Go's own benchmarks of sync.Map (sync/map_bench_test.go), by name and meaning. go_list/ asks a twinmap the same with
// the same numbers, and its list.hpp says what passes and recycling are; a test compares the two lists.

const mostWorkers = 2

// A stretch is the iterations of one worker in one pass: i = first … end-1. No two passes or workers share an i, and all
// are above 2^40, so that a key i is never one that was prepared.
type stretch struct {
	first, end int
	alone      bool // nobody else is at the map: every answer is certain
}

// A tally is what one worker has seen and done in one pass.
type tally struct {
	wrong uint64 // answers that differ from what the map must say
	added int    // keys inserted less keys erased
}

func (t *tally) expect(right bool) {
	if !right {
		t.wrong++
	}
}

// A remainder is how many keys a pass may leave.
type remainder struct{ fewest, most int }

// An item is one benchmark of the list, on a kind of map.
type item[M storing] struct {
	name       string
	iterations int        // of each worker in a pass
	recycled   bool       // inserts without bound: each pass has a new map
	keys       int        // 0 … keys-1 stand at the start, each under itself
	primed     bool       // and are looked up until they are read
	left       *remainder // where it does not follow from what the workers say that they have added
	work       func(m M, part stretch) tally
}

var (
	oldFamilies = [][]item[oldMap]{loads, deletes, wholeMaps}
	newFamilies = [][]item[newMap]{clears, swaps, compares}
)
