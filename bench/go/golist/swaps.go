package main

// Swap, which sync.Map has from Go 1.20 on.

// swapCollision: all workers exchange the value of one key.
func swapCollision(m newMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		previous, found := m.Swap(0, 0)
		t.expect(found && previous.(int) == 0)
	}
	return t
}

// swapMostly has of each 1024 exchanges all but one, or only one, find the key. The others insert it and erase it again:
// one iteration is then two operations, and nothing has to be recycled.
func swapMostly(m newMap, part stretch, hits int) (t tally) {
	for i := part.first; i < part.end; i++ {
		key := i % period
		if key < hits {
			previous, found := m.Swap(key, key)
			t.expect(found && previous.(int) == key)
		} else {
			_, found := m.Swap(i, i)
			t.expect(!found)
			m.Delete(i)
		}
	}
	return t
}

var swaps = []item[newMap]{
	{name: "SwapCollision", iterations: 1 << 19, keys: 1,
		work: swapCollision},
	{name: "SwapMostlyHits", iterations: 1 << 19, keys: period - 1, primed: true,
		work: func(m newMap, part stretch) tally { return swapMostly(m, part, period-1) }},
	{name: "SwapMostlyMisses", iterations: 1 << 17, keys: 1, primed: true,
		work: func(m newMap, part stretch) tally { return swapMostly(m, part, 1) }},
}
