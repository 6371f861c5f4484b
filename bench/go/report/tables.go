package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// table is what the report prints, as text or as Markdown.
type table struct {
	title   string
	header  []string
	rows    [][]string
	leading int // columns of words; those after them are figures, and lean right
	note    string
}

func (t table) writeText(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", t.title)
	if len(t.rows) > 0 {
		aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		widths := t.widths()
		for _, row := range append([][]string{t.header}, t.rows...) {
			line := make([]string, len(row))
			for i, text := range row {
				line[i] = text
				if i >= t.leading {
					line[i] = strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)) + text
				}
			}
			fmt.Fprintln(aligned, strings.Join(line, "\t"))
		}
		aligned.Flush()
	}
	if t.note != "" {
		fmt.Fprintln(w, t.note)
	}
}

func (t table) withoutEmptyColumns() table {
	pick := func(row []string) (some []string) {
		for column, text := range row {
			used := column < t.leading
			for _, other := range t.rows {
				used = used || other[column] != ""
			}
			if used {
				some = append(some, text)
			}
		}
		return some
	}
	slim := t
	slim.header, slim.rows = pick(t.header), nil
	for _, row := range t.rows {
		slim.rows = append(slim.rows, pick(row))
	}
	return slim
}

func (t table) widths() []int {
	widths := make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, text := range row {
			if n := utf8.RuneCountInString(text); n > widths[i] {
				widths[i] = n
			}
		}
	}
	return widths
}

func (t table) writeMarkdown(w io.Writer) {
	fmt.Fprintf(w, "### %s\n\n", t.title)
	if len(t.rows) > 0 {
		rule := make([]string, len(t.header))
		for i := range rule {
			rule[i] = "---"
			if i >= t.leading {
				rule[i] = "--:"
			}
		}
		for _, row := range append([][]string{t.header, rule}, t.rows...) {
			fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		}
		fmt.Fprintln(w)
	}
	if t.note != "" {
		fmt.Fprintf(w, "%s\n\n", t.note)
	}
}

// short writes a number of keys: 1 k, 10 M; nothing for 0, which says that there is no such number.
func short(size int) string {
	switch {
	case size == 0:
		return ""
	case size >= 1000000 && size%1000000 == 0:
		return fmt.Sprintf("%d M", size/1000000)
	case size >= 1000 && size%1000 == 0:
		return fmt.Sprintf("%d k", size/1000)
	}
	return fmt.Sprint(size)
}

func threeDigits(value float64) string {
	switch {
	case value < 0.01:
		return fmt.Sprintf("%.5f", value)
	case value < 1:
		return fmt.Sprintf("%.3f", value)
	case value < 10:
		return fmt.Sprintf("%.2f", value)
	case value < 100:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.0f", value)
}
