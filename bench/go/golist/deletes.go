package main

// LoadAndDelete and Delete as Go 1.19 has them: nothing is stored again, so after the first round they look for keys
// that are gone, or never were.

var nothing = &remainder{0, 0}

// loadAndDeleteBalanced asks for 128 keys that stood, then 128 that never did, again and again.
func loadAndDeleteBalanced(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		j := i % (2 * standing)
		if j < standing {
			value, loaded := m.LoadAndDelete(j)
			t.expect(!loaded || value.(int) == j)
		} else {
			_, loaded := m.LoadAndDelete(i)
			t.expect(!loaded)
		}
	}
	return t
}

// loadAndDeleteUnique: every key is another, and the map is empty.
func loadAndDeleteUnique(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		_, loaded := m.LoadAndDelete(i)
		t.expect(!loaded)
	}
	return t
}

// loadAndDeleteCollision: all workers erase one key.
func loadAndDeleteCollision(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		value, loaded := m.LoadAndDelete(0)
		t.expect(!loaded || value.(int) == 0)
	}
	return t
}

func deleteCollision(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		m.Delete(0)
	}
	return t
}

var deletes = []item[oldMap]{
	{name: "LoadAndDeleteBalanced", iterations: 1 << 19, keys: standing, primed: true, left: nothing,
		work: loadAndDeleteBalanced},
	{name: "LoadAndDeleteUnique", iterations: 1 << 19,
		work: loadAndDeleteUnique},
	{name: "LoadAndDeleteCollision", iterations: 1 << 19, keys: 1, left: nothing,
		work: loadAndDeleteCollision},
	{name: "DeleteCollision", iterations: 1 << 19, keys: 1, left: nothing,
		work: deleteCollision},
}
