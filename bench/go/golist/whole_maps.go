package main

// What goes over the whole map, or makes it copy itself.

const keysInMap = 1 << 10

// rangeAll visits 1024 keys in an iteration.
func rangeAll(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		sum := 0
		m.Range(func(_, value any) bool {
			sum += value.(int)
			return true
		})
		t.expect(sum == keysInMap*(keysInMap-1)/2)
	}
	return t
}

// adversarialAlloc loads keys that are not there, each another, and inserts one whenever so many of them have missed that
// dirty has become read: the n-th insert follows n loads after the one before.
func adversarialAlloc(m oldMap, part stretch) (t tally) {
	stores, loadsSinceStore := 0, 0
	for i := part.first; i < part.end; i++ {
		_, found := m.Load(i)
		t.expect(!found)
		loadsSinceStore++
		if loadsSinceStore > stores {
			value, loaded := m.LoadOrStore(i, stores)
			t.expect(!loaded && value.(int) == stores)
			loadsSinceStore = 0
			stores++
		}
	}
	t.added = stores
	return t
}

// adversarialDelete loads keys that are not there; after each 1024 of them the first key that Range meets goes and a new
// one comes.
func adversarialDelete(m oldMap, part stretch) (t tally) {
	for i := part.first; i < part.end; i++ {
		_, found := m.Load(i)
		t.expect(!found)
		if i%keysInMap != 0 {
			continue
		}
		m.Range(func(key, _ any) bool {
			// As Delete, which does not say whether another worker was faster.
			_, erased := m.LoadAndDelete(key)
			if erased {
				t.added--
			}
			t.expect(erased || !part.alone)
			return false
		})
		m.Store(i, i)
		t.added++
	}
	return t
}

// clear empties the map and stores one key.
func clear(m newMap, part stretch) (t tally) {
	const period = 256
	for i := part.first; i < part.end; i++ {
		m.Clear()
		m.Store(i%period, i%period)
	}
	last := (part.end - 1) % period
	value, found := m.Load(last)
	t.expect(!part.alone || found && value.(int) == last)
	return t
}

var wholeMaps = []item[oldMap]{
	{name: "Range", iterations: 1 << 11, keys: keysInMap,
		work: rangeAll},
	// Recycled: n iterations insert the square root of 2n keys.
	{name: "AdversarialAlloc", iterations: 1 << 20, recycled: true,
		work: adversarialAlloc},
	// Not recycled: a key goes for each that comes.
	{name: "AdversarialDelete", iterations: 1 << 19, keys: keysInMap,
		work: adversarialDelete},
}

var clears = []item[newMap]{
	{name: "Clear", iterations: 1 << 16, left: &remainder{1, mostWorkers},
		work: clear},
}
