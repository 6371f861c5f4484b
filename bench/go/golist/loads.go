package main

// Load and LoadOrStore.

const period = 1 << 10

// loadMostly has of each 1024 loads all but one hit, or all but one miss.
func loadMostly(m oldMap, part stretch, hits int) (t tally) {
	for i := part.first; i < part.end; i++ {
		key := i % period
		value, found := m.Load(key)
		t.expect(found == (key < hits) && (!found || value.(int) == key))
	}
	return t
}

const standing = 128

// loadOrStoreBalanced asks for 128 keys that stand, then 128 new ones, again and again.
func loadOrStoreBalanced(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		j := i % (2 * standing)
		if j < standing {
			value, loaded := m.LoadOrStore(j, i)
			t.expect(loaded && value.(int) == j)
		} else {
			value, loaded := m.LoadOrStore(i, i)
			t.expect(!loaded && value.(int) == i)
			t.added++
		}
	}
	return t
}

// loadOrStoreUnique: every key is new.
func loadOrStoreUnique(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		value, loaded := m.LoadOrStore(i, i)
		t.expect(!loaded && value.(int) == i)
	}
	t.added = part.end - part.first
	return t
}

// loadOrStoreCollision: all workers ask for one key, which stands.
func loadOrStoreCollision(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		value, loaded := m.LoadOrStore(0, 0)
		t.expect(loaded && value.(int) == 0)
	}
	return t
}

var loads = []item[oldMap]{
	{name: "LoadMostlyHits", iterations: 1 << 19, keys: period - 1, primed: true,
		work: func(m oldMap, part stretch) tally { return loadMostly(m, part, period-1) }},
	{name: "LoadMostlyMisses", iterations: 1 << 19, keys: 1, primed: true,
		work: func(m oldMap, part stretch) tally { return loadMostly(m, part, 1) }},
	// Recycled: half of its operations insert.
	{name: "LoadOrStoreBalanced", iterations: 1 << 18, recycled: true, keys: standing, primed: true,
		work: loadOrStoreBalanced},
	// Recycled: each of its operations inserts.
	{name: "LoadOrStoreUnique", iterations: 1 << 17, recycled: true,
		work: loadOrStoreUnique},
	{name: "LoadOrStoreCollision", iterations: 1 << 19, keys: 1,
		work: loadOrStoreCollision},
}
