package main

import (
	"fmt"
	"os"
	"sort"
	"text/tabwriter"
)

const (
	ours     = "twinmap"
	readOnly = "_read_only" // our handle that may not write; a contestant of its own here

	met         = "met"
	missed      = "MISSED"
	notMeasured = "not measured"
)

var (
	questions   = []string{"hit", "miss", "store", "insert"}
	contestants = []string{ours, ours + readOnly, "absl", "unordered_map", "tbb", "boost", "lmdb", "go"}
)

func (f *figures) sizes() (all []int) {
	for size := range f.sequences {
		all = append(all, size)
	}
	sort.Ints(all)
	return all
}

// printTable writes one row per question and size, one column per contestant that show has something to say about.
func printTable(f *figures, title string, workers int, columns []string, show func(cell) string) {
	fmt.Printf("\n%s, %d worker(s)\n", title, workers)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\t")
	for _, contestant := range columns {
		fmt.Fprintf(w, "%s\t", contestant)
	}
	fmt.Fprintln(w)
	for _, question := range questions {
		for _, size := range f.sizes() {
			row, any := fmt.Sprintf("%s %s\t", question, short(size)), false
			for _, contestant := range columns {
				text := show(cell{contestant, question, size, workers})
				any = any || text != ""
				row += text + "\t"
			}
			if any {
				fmt.Fprintln(w, row)
			}
		}
	}
	w.Flush()
}

// measured leaves the contestants of all that have figures.
func (f *figures) measured(all []string) (some []string) {
	present := map[string]bool{}
	for c := range f.samples {
		present[c.Contestant] = true
	}
	for _, contestant := range all {
		if present[contestant] {
			some = append(some, contestant)
		}
	}
	return some
}

func printCosts(f *figures, workers int) {
	printTable(f, "Nanoseconds per operation", workers, f.measured(contestants), func(c cell) string {
		if m, ok := f.median(c); ok {
			return threeDigits(m)
		}
		return ""
	})
}

func printRatios(f *figures, workers int) {
	printTable(f, "twinmap / rival (less is better)", workers, f.measured(contestants[2:]), func(c cell) string {
		if r, ok := f.ratio(ours, c); ok {
			return fmt.Sprintf("%.2f", r)
		}
		return ""
	})
}

// ratio divides what contestant needs by what the contestant of c needs for the same.
func (f *figures) ratio(contestant string, c cell) (float64, bool) {
	theirs, haveTheirs := f.median(c)
	c.Contestant = contestant
	own, haveOwn := f.median(c)
	return own / theirs, haveTheirs && haveOwn && theirs > 0
}

// verdict says whether one required ratio was reached.
type verdict struct {
	cell            // what is compared: the question to the rival
	Handle  string  `json:"handle"`
	Limit   float64 `json:"limit"`
	Ratio   float64 `json:"ratio"`
	Verdict string  `json:"verdict"`
}

// judge compares hits with what is required of them; a handle that may write and one that may not must both reach it.
func judge(f *figures) (verdicts []verdict) {
	for _, size := range []int{1000, 100000, 1000000, 10000000} {
		goLimit := 0.25
		if size == 10000000 {
			goLimit = 0.4
		}
		for _, rule := range []struct {
			rival   string
			workers int
			limit   float64
		}{{"go", 1, goLimit}, {"lmdb", 1, 0.2}, {"boost", 2, 0.2}} {
			for _, handle := range []string{ours, ours + readOnly} {
				c := cell{rule.rival, "hit", size, rule.workers}
				v := verdict{cell: c, Handle: handle, Limit: rule.limit, Verdict: notMeasured}
				if ratio, ok := f.ratio(handle, c); ok {
					v.Ratio, v.Verdict = ratio, missed
					if ratio <= rule.limit {
						v.Verdict = met
					}
				}
				verdicts = append(verdicts, v)
			}
		}
	}
	return verdicts
}

// passes says whether something was judged and nothing was missed.
func passes(verdicts []verdict) bool {
	judged := false
	for _, v := range verdicts {
		if v.Verdict == missed {
			return false
		}
		judged = judged || v.Verdict == met
	}
	return judged
}

func printVerdicts(verdicts []verdict) {
	fmt.Println("\nRequired of a hit")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	left := 0
	for _, v := range verdicts {
		if v.Verdict == notMeasured {
			left++
			continue
		}
		fmt.Fprintf(w, "%s keys\t%s / %s\t%d worker(s)\t%.3f\tat most %.2f\t%s\n",
			short(v.Size), v.Handle, v.Contestant, v.Workers, v.Ratio, v.Limit, v.Verdict)
	}
	w.Flush()
	if left > 0 {
		fmt.Printf("%d of %d required ratios were not measured.\n", left, len(verdicts))
	}
}

func short(size int) string {
	switch {
	case size >= 1000000 && size%1000000 == 0:
		return fmt.Sprintf("%d M", size/1000000)
	case size >= 1000 && size%1000 == 0:
		return fmt.Sprintf("%d k", size/1000)
	}
	return fmt.Sprint(size)
}

func threeDigits(nanoseconds float64) string {
	switch {
	case nanoseconds < 10:
		return fmt.Sprintf("%.2f", nanoseconds)
	case nanoseconds < 100:
		return fmt.Sprintf("%.1f", nanoseconds)
	}
	return fmt.Sprintf("%.0f", nanoseconds)
}
