package main

import (
	"strings"
	"testing"
)

func text(t table) string {
	var all strings.Builder
	t.writeText(&all)
	return all.String()
}

func TestEachQuestionIsInOneTable(t *testing.T) {
	f := measured(t)
	f.told(t, cell{"go", "nobody knows this one", 7, 2}, nsPerOp, five(70))
	f.told(t, cell{"go", "beside", m1, 1}, writerNs, five(80))
	titles := map[string]bool{}
	all := ""
	for _, one := range everyTable(f) {
		if titles[one.title] {
			t.Errorf("two tables are called %q", one.title)
		}
		titles[one.title] = true
		all += text(one)
	}
	for question, times := range map[string]int{"hit ": 4, "beside ": 5, "golist:Range ": 2, "nobody knows this one ": 1} {
		if got := strings.Count(all, "\n"+question); got != times {
			t.Errorf("%q has %d rows, want %d", question, got, times)
		}
	}
}

func TestATableHasOneRowPerSizeAndOneColumnPerContestant(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, five(5.123))
	f.told(t, goHit, nsPerOp, five(31))
	f.told(t, cell{ours, "hit", m10, 1}, nsPerOp, five(131.4))
	got := text(everyTable(f)[0])
	want := `
64-bit keys and values: nanoseconds per operation, 1 worker(s)
question  keys  twinmap    go
hit       1 k      5.12  31.0
hit       10 M      131      
`
	if got != want {
		t.Errorf("got%s\nwant%s", got, want)
	}
}

func TestAColumnWithoutFiguresIsLeftOut(t *testing.T) {
	f := newFigures()
	f.told(t, cell{ours, bytesQuestion, m1, 1}, "bytes_per_entry", five(41))
	got := text(everyTable(f)[0])
	if strings.Contains(got, "both stand") || !strings.Contains(got, "after a promotion") {
		t.Errorf("the columns of\n%s", got)
	}
}
