// Command report reads what the contestants' programs printed and writes the tables of bench/run: nanoseconds per
// operation, ratios, and which of the required ratios are met.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

func main() {
	jsonFile := flag.String("json", "", "also write every figure to this file")
	enforce := flag.Bool("enforce", false, "exit with 3 if a required ratio is missed")
	busy := flag.String("busy", "", "the load of a machine that was not idle; said above the verdicts")
	flag.Parse()

	figures, err := readAll(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	verdicts := judge(figures)
	for _, workers := range []int{1, 2} {
		printCosts(figures, workers)
	}
	for _, workers := range []int{1, 2} {
		printRatios(figures, workers)
	}
	if *busy != "" {
		fmt.Printf("\nOther programs were running (load %s): the verdicts are NOT RELIABLE. Measure on a quiet machine.\n", *busy)
	}
	printVerdicts(verdicts)

	if *jsonFile != "" {
		if err := writeJSON(*jsonFile, figures, verdicts, *busy); err != nil {
			fmt.Fprintln(os.Stderr, "report:", err)
			os.Exit(1)
		}
	}
	if *enforce && !passes(verdicts) {
		os.Exit(3)
	}
}

func writeJSON(name string, figures *figures, verdicts []verdict, busy string) error {
	text, err := json.MarshalIndent(struct {
		Figures  []figure  `json:"figures"`
		Verdicts []verdict `json:"verdicts"`
		Busy     string    `json:"busy,omitempty"` // the load, if others were running: then the verdicts are not reliable
	}{figures.list(), verdicts, busy}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}
