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

// source is where a number comes from: what is divided by what. Without a divisor it is the figure itself.
type source struct {
	of, over side
	counter  string  // nsPerOp if empty
	times    float64 // what the ratio or the figure is multiplied by; 1 if 0
}

// limit is what must and what should be reached at one size; there may be no goal.
type limit struct {
	size       int
	must, goal float64
}

// rule is one requirement at one or more sizes.
type rule struct {
	line    int
	what    string
	from    []source // the first that was measured counts
	unit    string
	atLeast bool // the more the better
	limits  []limit
	handles bool // a handle that may only read must reach it as well
}

// hitOver compares our hit with somebody's answer to a question.
func hitOver(question, contestant string, workers int) []source {
	return []source{{of: side{"hit", ours, workers}, over: side{question, contestant, workers}}}
}

// againstRival compares our answer of one worker with a rival's to the same question.
func againstRival(question, rival string) []source {
	return []source{{of: side{question, ours, 1}, over: side{question, rival, 1}}}
}

// throughput compares what two workers do in a second with what one does: passes of both kinds took turns, and the
// program reports the median of their ratios. Without that it is twice the ratio of what one worker waits.
func throughput(questions ...string) (from []source) {
	for _, question := range questions {
		from = append(from, source{of: side{question, ours, 2}, counter: "throughput_ratio"},
			source{of: side{question, ours, 1}, over: side{question, ours, 2}, times: 2})
	}
	return from
}

// itself judges our figure as it is.
func itself(question, counter string, times float64) []source {
	return []source{{of: side{question, ours, 1}, counter: counter, times: times}}
}

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

const listMedian = "median of Go's list, 2 workers"

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
		{line: 1, what: "hit / private absl::flat_hash_map", from: hitOver("hit", "absl", 1),
			limits: []limit{{k1, 2.0, 1.6}, {k100, 2.6, 2.0}, {m1, 2.5, 1.9}, {m10, 2.1, 1.7}}, handles: true},
		{line: 2, what: "load_many per key / hit of absl::flat_hash_map",
			from:   []source{{of: side{"load_many", ours, 1}, over: side{"hit", "absl", 1}}},
			limits: []limit{{m1, 0.85, 0.7}, {m10, 0.8, 0.65}}},
		{line: 3, what: "hit / Go's sync.Map", from: hitOver("hit", "go", 1),
			limits:  []limit{{k1, 0.25, 0.15}, {k100, 0.25, 0.18}, {m1, 0.25, 0.18}, {m10, 0.37, 0.3}},
			handles: true},
	}
	for _, name := range golist {
		question := "golist:" + name
		r := rule{line: golistLine, what: name + " / Go, 2 workers",
			limits: []limit{{anySize, golistMust, golistGoal}}}
		for _, contestant := range goContestants {
			r.from = append(r.from, source{of: side{question, ours, 2}, over: side{question, contestant, 2}})
		}
		all = append(all, r)
	}
	return append(all,
		rule{line: 5, what: "hit beside a writer at full speed / hit alone",
			// Passes with and without the writer took turns, and the program reports the median of their ratios.
			from: []source{{of: side{"beside", ours, 1}, counter: "ratio_to_alone"},
				{of: side{"beside", ours, 1}, over: side{"beside_alone", ours, 1}},
				{of: side{"beside", ours, 1}, over: side{"hit", ours, 1}}},
			limits: []limit{{k1, 4.0, 2.5}, {m1, 1.3, 1.1}}},
		rule{line: 6, what: "store to an existing key / Go's sync.Map", from: againstRival("store", "go"),
			limits: allSizes(0.3, 0.2)},
		rule{line: 6, what: "store to an existing key / hit",
			from: []source{{of: side{"store", ours, 1}, over: side{"hit", ours, 1}}}, limits: allSizes(2.0, 1.6)},
		rule{line: 7, what: "throughput of 2 processes storing to disjoint keys / of 1",
			from: throughput("stores_disjoint"), unit: " ×", atLeast: true,
			limits: []limit{{size: m1, must: 1.8}}},
		rule{line: 7, what: "throughput of 2 processes reading / of 1",
			from: throughput("hits_scaling", "hit"), unit: " ×", atLeast: true,
			limits: []limit{{size: m1, must: 1.9}}},
		rule{line: 8, what: "insert from empty / Go's sync.Map", from: againstRival("insert", "go"),
			limits: []limit{{m1, 0.4, 0.25}}},
		rule{line: 8, what: "insert from empty / std::unordered_map + mutex",
			from: againstRival("insert", "unordered_map_mutex"), limits: []limit{{m1, 1.0, 0.7}}},
		rule{line: 9, what: "p99.99 of reads while the map grows from empty, reader's CPU clock",
			from: itself("growth", "p9999_ns", 0.001), unit: " µs", limits: []limit{{m10, 50, 10}}},
		rule{line: 10, what: "bytes per entry after a promotion", from: itself(bytesQuestion, "bytes_per_entry", 1),
			limits: []limit{{m10, 48, 42}}},
		rule{line: 10, what: "bytes per entry while read and dirty both stand", from: itself(bytesQuestion, "bytes_per_entry_both", 1),
			limits: []limit{{m10, 58, 48}}},
		rule{line: 11, what: "hit / LMDB", from: hitOver("hit", "lmdb", 1), limits: allSizes(0.15, 0), handles: true},
		rule{line: 11, what: "hit / Boost.Interprocess + sharable mutex, 2 processes",
			from: hitOver("hit", "boost", 2), limits: allSizes(0.1, 0), handles: true},
		rule{line: 11, what: "hit / memcached", from: hitOver("socket_hit", "memcached", 1),
			limits: []limit{{size: k1, must: 0.002}, {size: m1, must: 0.002}}},
		rule{line: 11, what: "hit / Redis", from: hitOver("socket_hit", "redis", 1),
			limits: []limit{{size: k1, must: 0.002}, {size: m1, must: 0.002}}},
	)
}
