package main

import (
	"fmt"
	"strings"
)

// summaryTable is for readers who do not want every line: the sizes of a requirement in one row, and of Go's list the
// worst.
func summaryTable(verdicts []verdict) table {
	t := table{title: "What is required of twinmap", header: verdictHeader, leading: 2, note: counted(verdicts)}
	for first := 0; first < len(verdicts); {
		last := first
		for last < len(verdicts) && sameRow(verdicts[first], verdicts[last]) {
			last++
		}
		if ofList(verdicts[first]) {
			t.rows = append(t.rows, worstOfList(verdicts[first:last]))
		} else {
			t.rows = append(t.rows, joined(verdicts[first:last]))
		}
		first = last
	}
	return t
}

func ofList(v verdict) bool { return v.Line == golistLine && v.What != listMedian }

func sameRow(a, b verdict) bool {
	return a.Line == b.Line && (a.What == b.What || ofList(a) && ofList(b))
}

// joined writes one requirement at its sizes; what all sizes have in common is written once.
func joined(sizes []verdict) []string {
	columns := make([][]string, len(verdictHeader))
	rounds := enoughRounds
	for _, v := range sizes {
		measured := "–"
		if v.Verdict != notMeasured {
			measured = threeDigits(v.Measured) + v.unit
			if v.Rounds < rounds {
				rounds = v.Rounds
			}
		}
		for i, text := range []string{"", short(v.Size), measured, v.limit(v.Must), v.limit(v.Goal), v.Verdict} {
			columns[i] = append(columns[i], text)
		}
	}
	row := []string{fmt.Sprint(sizes[0].Line), sizes[0].What}
	if sizes[0].Size != 0 {
		row[1] += ", " + strings.Join(columns[1], " / ")
	}
	row = append(row, strings.Join(columns[2], " / ")+roundsNote(rounds))
	for _, column := range columns[3:] {
		row = append(row, once(column))
	}
	return row
}

func once(texts []string) string {
	for _, text := range texts {
		if text != texts[0] {
			return strings.Join(texts, " / ")
		}
	}
	return texts[0]
}

// worstOfList writes the one of Go's list that has the largest ratio, and how many miss what they must reach.
func worstOfList(list []verdict) []string {
	worst := list[0]
	misses, judged := 0, 0
	for _, v := range list {
		if v.Verdict == notMeasured {
			continue
		}
		judged++
		if v.Verdict == missed {
			misses++
		}
		if v.Measured > worst.Measured {
			worst = v
		}
	}
	row := worst.cells()
	row[1] = fmt.Sprintf("each of Go's list, %d of %d measured; the worst: %s", judged, len(list), worst.What)
	if misses > 0 {
		row[5] = fmt.Sprintf("%s by %d", missed, misses)
	}
	return row
}
