package workload

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
)

type numbers []int

// Numbers makes a flag that takes positive numbers with commas between them.
func Numbers(name string, usual []int, usage string) *[]int {
	list := numbers(usual)
	flag.Var(&list, name, usage)
	return (*[]int)(&list)
}

func (n *numbers) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(*n)), " ", ","), "[]")
}

// Set reads what the command line says.
func (n *numbers) Set(text string) error {
	var list numbers
	for _, field := range strings.Split(text, ",") {
		number, err := strconv.Atoi(field)
		if err != nil || number < 1 {
			return fmt.Errorf("not a positive number: %q", field)
		}
		list = append(list, number)
	}
	*n = list
	return nil
}
