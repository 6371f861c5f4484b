package main

// What is required of twinmap, line by line; verdicts.go judges a run by it.

const (
	k1   = 1000
	k100 = 100000
	m1   = 1000000
	m10  = 10000000

	anySize = -1 // the largest that was measured
)

// side is one of the two that are compared.
type side struct {
	question, contestant string
	workers              int
}

// pair is what is divided by what. Without a divisor the figure itself is judged.
type pair struct{ of, over side }

// limit is what must and what should be reached at one size; there may be no goal.
type limit struct {
	size       int
	must, goal float64
}

// rule is one requirement at one or more sizes.
type rule struct {
	line    int
	what    string
	pairs   []pair  // the first that was measured counts
	counter string  // nsPerOp if empty
	times   float64 // what the ratio or the figure is multiplied by; 1 if 0
	unit    string
	atLeast bool // the more the better
	limits  []limit
	handles bool // a handle that may only read must reach it as well
}

// hitOver compares our hit with somebody's answer to a question.
func hitOver(question, contestant string, workers int) []pair {
	return []pair{{side{"hit", ours, workers}, side{question, contestant, workers}}}
}

// againstRival compares our answer of one worker with a rival's to the same question.
func againstRival(question, rival string) []pair {
	return []pair{{side{question, ours, 1}, side{question, rival, 1}}}
}

// oneOverTwo compares what one of one worker needs with what one of two does.
func oneOverTwo(question string) pair {
	return pair{side{question, ours, 1}, side{question, ours, 2}}
}

// itself judges our figure as it is.
func itself(question string) []pair { return []pair{{of: side{question, ours, 1}}} }

// golist is Go's own list of benchmarks of sync.Map.
var golist = []string{
	"LoadMostlyHits", "LoadMostlyMisses", "LoadOrStoreBalanced", "LoadOrStoreUnique", "LoadOrStoreCollision",
	"LoadAndDeleteBalanced", "LoadAndDeleteUnique", "LoadAndDeleteCollision", "Range", "AdversarialAlloc",
	"AdversarialDelete", "DeleteCollision", "SwapCollision", "SwapMostlyHits", "SwapMostlyMisses",
	"CompareAndSwapCollision", "CompareAndSwapNoExistingKey", "CompareAndSwapValueNotEqual",
	"CompareAndSwapMostlyHits", "CompareAndSwapMostlyMisses", "CompareAndDeleteCollision",
	"CompareAndDeleteMostlyHits", "CompareAndDeleteMostlyMisses", "Clear",
}

const golistLine, golistMust, golistGoal = 4, 0.6, 0.4

// golistMedian is what the median of that list must reach.
var golistMedian = limit{anySize, 0.3, 0.2}

// allSizes is one limit at each size.
func allSizes(must, goal float64) []limit {
	return []limit{{k1, must, goal}, {k100, must, goal}, {m1, must, goal}, {m10, must, goal}}
}

// goContestants: sync.Map, or a map under an RWMutex where Go 1.19's sync.Map lacks the operation.
var goContestants = []string{"go", "go_rwmutex"}

func rules() []rule {
	all := []rule{
		{line: 1, what: "hit / private absl::flat_hash_map", pairs: hitOver("hit", "absl", 1),
			limits: []limit{{k1, 2.0, 1.6}, {k100, 2.6, 2.0}, {m1, 2.5, 1.9}, {m10, 2.1, 1.7}}, handles: true},
		{line: 2, what: "load_many per key / hit of absl::flat_hash_map",
			pairs:  []pair{{side{"load_many", ours, 1}, side{"hit", "absl", 1}}},
			limits: []limit{{m1, 0.85, 0.7}, {m10, 0.8, 0.65}}},
		{line: 3, what: "hit / Go's sync.Map", pairs: hitOver("hit", "go", 1),
			limits:  []limit{{k1, 0.25, 0.15}, {k100, 0.25, 0.18}, {m1, 0.25, 0.18}, {m10, 0.37, 0.3}},
			handles: true},
	}
	for _, name := range golist {
		question := "golist:" + name
		r := rule{line: golistLine, what: name + " / Go, 2 workers",
			limits: []limit{{anySize, golistMust, golistGoal}}}
		for _, contestant := range goContestants {
			r.pairs = append(r.pairs, pair{side{question, ours, 2}, side{question, contestant, 2}})
		}
		all = append(all, r)
	}
	return append(all,
		rule{line: 5, what: "hit beside a writer at full speed / hit alone",
			pairs: []pair{{side{"beside", ours, 1}, side{"beside_alone", ours, 1}},
				{side{"beside", ours, 1}, side{"hit", ours, 1}}},
			limits: []limit{{k1, 4.0, 2.5}, {m1, 1.3, 1.1}}},
		rule{line: 6, what: "store to an existing key / Go's sync.Map", pairs: againstRival("store", "go"),
			limits: allSizes(0.3, 0.2)},
		rule{line: 6, what: "store to an existing key / hit",
			pairs: []pair{{side{"store", ours, 1}, side{"hit", ours, 1}}}, limits: allSizes(2.0, 1.6)},
		// Twice the ratio turns what one worker waits for an operation into what all of them do in a second.
		rule{line: 7, what: "throughput of 2 processes storing to disjoint keys / of 1",
			pairs: []pair{oneOverTwo("stores_disjoint")}, times: 2, unit: " ×", atLeast: true,
			limits: []limit{{size: m1, must: 1.8}}},
		rule{line: 7, what: "throughput of 2 processes reading / of 1",
			pairs: []pair{oneOverTwo("hits_scaling"), oneOverTwo("hit")}, times: 2, unit: " ×", atLeast: true,
			limits: []limit{{size: m1, must: 1.9}}},
		rule{line: 8, what: "insert from empty / Go's sync.Map", pairs: againstRival("insert", "go"),
			limits: []limit{{m1, 0.4, 0.25}}},
		rule{line: 8, what: "insert from empty / std::unordered_map + mutex",
			pairs: againstRival("insert", "unordered_map_mutex"), limits: []limit{{m1, 1.0, 0.7}}},
		rule{line: 9, what: "p99.99 of reads while the map grows from empty, reader's CPU clock",
			pairs: itself("growth"), counter: "p9999_ns", times: 0.001, unit: " µs", limits: []limit{{m10, 50, 10}}},
		rule{line: 10, what: "bytes per entry after a promotion", pairs: itself(bytesQuestion),
			counter: "bytes_per_entry", limits: []limit{{m10, 48, 42}}},
		rule{line: 10, what: "bytes per entry while read and dirty both stand", pairs: itself(bytesQuestion),
			counter: "bytes_per_entry_both", limits: []limit{{m10, 58, 48}}},
		rule{line: 11, what: "hit / LMDB", pairs: hitOver("hit", "lmdb", 1), limits: allSizes(0.15, 0), handles: true},
		rule{line: 11, what: "hit / Boost.Interprocess + sharable mutex, 2 processes",
			pairs: hitOver("hit", "boost", 2), limits: allSizes(0.1, 0), handles: true},
		rule{line: 11, what: "hit / memcached", pairs: hitOver("socket_hit", "memcached", 1),
			limits: []limit{{size: k1, must: 0.002}, {size: m1, must: 0.002}}},
		rule{line: 11, what: "hit / Redis", pairs: hitOver("socket_hit", "redis", 1),
			limits: []limit{{size: k1, must: 0.002}, {size: m1, must: 0.002}}},
	)
}
