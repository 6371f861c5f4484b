package main

import (
	"fmt"
	"sort"
	"strings"
)

// contestants in the order in which they are shown; others come after them.
var contestants = []string{ours, ours + readOnly, hugePages, hugePages + readOnly,
	"absl", "unordered_map", "unordered_map_mutex", "tbb", "boost",
	"lmdb", "go", "go_rwmutex", "memcached", "redis"}

// group is some questions that share tables. A name that ends in a colon stands for all that begin so.
type group struct {
	title     string
	questions []string
}

var groups = []group{
	{"64-bit keys and values", []string{"hit", "miss", "store", "insert", "load_many", "socket_hit"}},
	{"Beside a writer, and disjoint writers", []string{"beside_alone", "beside", "hits_scaling", "stores_disjoint"}},
	{"Go's list", []string{"golist:"}},
	{"YCSB", []string{"ycsb:"}},
	{"Real shapes, hits", []string{"shape:"}},
	{"Real shapes, stores", []string{"shape_store:"}},
}

// percentiles are the counters of the questions about latency; wallClock before them means the clock on the wall.
var percentiles = []struct{ counter, label string }{
	{"p50_ns", "50"}, {"p99_ns", "99"}, {"p999_ns", "99.9"}, {"p9999_ns", "99.99"}, {"max_ns", "max"},
}

const (
	wallClock = "wall_"
	writerNs  = "writer_ns" // what an operation of the writer beside the reader costs
)

// latencyQuestions and the question about bytes have tables of their own.
var latencyQuestions = []struct{ name, title string }{
	{"growth", "Reads while the map grows from empty"},
	{"latency", "Reads while a writer inserts into a full map"},
}

const bytesQuestion = "bytes"

func rank(names []string, name string) int {
	for i, known := range names {
		if known == name || strings.HasSuffix(known, ":") && strings.HasPrefix(name, known) {
			return i
		}
	}
	return len(names)
}

// grouped returns the cells of a group in the order of its questions, then sizes, then contestants.
func (f *figures) grouped(g group) []cell {
	some := f.cells(func(c cell) bool { return rank(g.questions, c.Question) < len(g.questions) })
	sort.SliceStable(some, func(i, j int) bool {
		return rank(g.questions, some[i].Question) < rank(g.questions, some[j].Question)
	})
	return some
}

// everyTable returns the tables of all that was measured but for the verdicts.
func everyTable(f *figures) (all []table) {
	known := map[string]bool{bytesQuestion: true}
	for _, q := range latencyQuestions {
		known[q.name] = true
	}
	others := group{title: "Others"}
	for _, c := range f.cells(func(c cell) bool { return !known[c.Question] }) {
		inGroup := false
		for _, g := range append(groups, others) {
			inGroup = inGroup || rank(g.questions, c.Question) < len(g.questions)
		}
		if !inGroup {
			others.questions = append(others.questions, c.Question)
		}
	}
	for _, g := range append(groups, others) {
		for _, workers := range []int{1, 2} {
			all = append(all, counterTable(f, g, workers, nsPerOp, "nanoseconds per operation"), ratioTable(f, g, workers))
		}
		all = append(all, counterTable(f, g, 1, writerNs, "nanoseconds per store of the writer beside them"))
	}
	for _, q := range latencyQuestions {
		all = append(all, latencyTable(f, q.name, q.title))
	}
	all = append(all, bytesTable(f))
	var filled []table
	for _, t := range all {
		if len(t.rows) > 0 {
			filled = append(filled, t.withoutEmptyColumns())
		}
	}
	return filled
}

// contestantsOf returns who is in some cells, in the order of contestants.
func contestantsOf(some []cell) (names []string) {
	seen := map[string]bool{}
	for _, c := range some {
		if !seen[c.Contestant] {
			seen[c.Contestant] = true
			names = append(names, c.Contestant)
		}
	}
	sort.SliceStable(names, func(i, j int) bool { return rank(contestants, names[i]) < rank(contestants, names[j]) })
	return names
}

// groupTable writes one row per question and size, one column per contestant. A row about which show says nothing is
// left out.
func groupTable(title string, some []cell, columns []string, show func(cell) string) table {
	t := table{title: title, header: append([]string{"question", "keys"}, columns...), leading: 2}
	done := map[cell]bool{}
	for _, c := range some {
		c.Contestant = ""
		if done[c] {
			continue
		}
		done[c] = true
		row, said := []string{c.Question, short(c.Size)}, false
		for _, contestant := range columns {
			c.Contestant = contestant
			text := show(c)
			said = said || text != ""
			row = append(row, text)
		}
		if said {
			t.rows = append(t.rows, row)
		}
	}
	return t
}

func (f *figures) withWorkers(g group, workers int) (some []cell) {
	for _, c := range f.grouped(g) {
		if c.Workers == workers {
			some = append(some, c)
		}
	}
	return some
}

// counterTable shows one counter of a group.
func counterTable(f *figures, g group, workers int, counter, meaning string) table {
	some := f.withWorkers(g, workers)
	title := fmt.Sprintf("%s: %s, %d worker(s)", g.title, meaning, workers)
	return groupTable(title, some, contestantsOf(some), func(c cell) string { return f.shown(c, counter) })
}

// shown is a median as the tables write it; nothing if it was not measured, or is 0 as what has no meaning is.
func (f *figures) shown(c cell, counter string) string {
	if m, ok := f.median(c, counter); ok && m.value > 0 {
		return threeDigits(m.value)
	}
	return ""
}

func ratioTable(f *figures, g group, workers int) table {
	some := f.withWorkers(g, workers)
	var rivals []string
	for _, name := range contestantsOf(some) {
		if name != ours && name != ours+readOnly {
			rivals = append(rivals, name)
		}
	}
	title := fmt.Sprintf("%s: twinmap / rival (less is better), %d worker(s)", g.title, workers)
	return groupTable(title, some, rivals, func(c cell) string {
		own := c
		own.Contestant = ours
		if m, ok := f.ratio(nsPerOp, own, c); ok {
			return threeDigits(m.value)
		}
		return ""
	})
}

// latencyTable has one row per contestant and size: the percentiles by the reader's CPU clock, then by the wall's.
func latencyTable(f *figures, question, title string) table {
	t := table{title: title + ": nanoseconds of one read by percentile; CPU: the reader's own clock, wall: the clock on the wall; writer: of one insert",
		header: []string{"contestant", "keys"}, leading: 2}
	for _, clock := range []string{"CPU ", "wall "} {
		for _, p := range percentiles {
			t.header = append(t.header, clock+p.label)
		}
	}
	t.header = append(t.header, "writer")
	some := f.cells(func(c cell) bool { return c.Question == question })
	sort.SliceStable(some, func(i, j int) bool {
		return rank(contestants, some[i].Contestant) < rank(contestants, some[j].Contestant)
	})
	for _, c := range some {
		row := []string{c.Contestant, short(c.Size)}
		for _, clock := range []string{"", wallClock} {
			for _, p := range percentiles {
				row = append(row, f.shown(c, clock+p.counter))
			}
		}
		t.rows = append(t.rows, append(row, f.shown(c, writerNs)))
	}
	return t
}

func bytesTable(f *figures) table {
	t := table{title: "Bytes in use per entry, 64-bit keys and values",
		header: []string{"contestant", "keys", "after a promotion", "while read and dirty both stand",
			"resident after a promotion", "resident while both stand"}, leading: 2}
	some := f.cells(func(c cell) bool { return c.Question == bytesQuestion })
	sort.SliceStable(some, func(i, j int) bool {
		return rank(contestants, some[i].Contestant) < rank(contestants, some[j].Contestant)
	})
	for _, c := range some {
		row := []string{c.Contestant, short(c.Size)}
		for _, counter := range []string{"bytes_per_entry", "bytes_per_entry_both", "resident_per_entry",
			"resident_per_entry_both"} {
			row = append(row, f.shown(c, counter))
		}
		t.rows = append(t.rows, row)
	}
	return t
}
