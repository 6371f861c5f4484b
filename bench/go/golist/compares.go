package main

// CompareAndSwap and CompareAndDelete, which sync.Map has from Go 1.20 on.

// keyOf returns the key of iteration i, of which in each 1024 so many stand as there are hits.
func keyOf(i, hits int) (key int, stands bool) {
	if i%period < hits {
		return i % period, true
	}
	return i, false
}

// compareAndSwapCollision: all workers want to change the value of one key to 42, and whoever succeeded changes it back.
func compareAndSwapCollision(m newMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		if m.CompareAndSwap(0, 0, 42) {
			t.expect(m.CompareAndSwap(0, 42, 0))
		} else {
			t.expect(!part.alone)
		}
	}
	return t
}

// compareAndSwapNoExistingKey: every key is another, and the map is empty.
func compareAndSwapNoExistingKey(m newMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		t.expect(!m.CompareAndSwap(i, 0, 0))
	}
	return t
}

// compareAndSwapValueNotEqual asks for one key with another value than is expected.
func compareAndSwapValueNotEqual(m newMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		t.expect(!m.CompareAndSwap(0, 1, 2))
	}
	return t
}

// compareAndSwapMostly: of each 1024 keys all but one, or only one, stand; a value is changed to what it is.
func compareAndSwapMostly(m newMap, part stretch, hits int) (t tally) {
	for i := part.first; i < part.end; i++ {
		key, stands := keyOf(i, hits)
		t.expect(m.CompareAndSwap(key, key, key) == stands)
	}
	return t
}

// compareAndDeleteCollision: all workers want to erase one key, and whoever succeeded stores it again.
func compareAndDeleteCollision(m newMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		if m.CompareAndDelete(0, 0) {
			m.Store(0, 0)
		} else {
			t.expect(!part.alone)
		}
	}
	return t
}

// compareAndDeleteMostly: of each 1024 keys all but one, or only one, stand; what was erased is stored again.
func compareAndDeleteMostly(m newMap, part stretch, hits int) (t tally) {
	for i := part.first; i < part.end; i++ {
		key, stands := keyOf(i, hits)
		if m.CompareAndDelete(key, key) {
			m.Store(key, key)
			t.expect(stands)
		} else {
			// A key that stands may just have been erased by another worker.
			t.expect(!stands || !part.alone)
		}
	}
	return t
}

var compares = []item[newMap]{
	{name: "CompareAndSwapCollision", iterations: 1 << 18, keys: 1,
		work: compareAndSwapCollision},
	{name: "CompareAndSwapNoExistingKey", iterations: 1 << 19,
		work: compareAndSwapNoExistingKey},
	{name: "CompareAndSwapValueNotEqual", iterations: 1 << 19, keys: 1,
		work: compareAndSwapValueNotEqual},
	{name: "CompareAndSwapMostlyHits", iterations: 1 << 19, keys: period - 1, primed: true,
		work: func(m newMap, part stretch) tally { return compareAndSwapMostly(m, part, period-1) }},
	{name: "CompareAndSwapMostlyMisses", iterations: 1 << 19, keys: 1, primed: true,
		work: func(m newMap, part stretch) tally { return compareAndSwapMostly(m, part, 1) }},
	{name: "CompareAndDeleteCollision", iterations: 1 << 18, keys: 1,
		work: compareAndDeleteCollision},
	{name: "CompareAndDeleteMostlyHits", iterations: 1 << 18, keys: period - 1, primed: true,
		work: func(m newMap, part stretch) tally { return compareAndDeleteMostly(m, part, period-1) }},
	{name: "CompareAndDeleteMostlyMisses", iterations: 1 << 19, keys: 1, primed: true,
		work: func(m newMap, part stretch) tally { return compareAndDeleteMostly(m, part, 1) }},
}
