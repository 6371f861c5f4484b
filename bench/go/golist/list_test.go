package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"testing"
)

// here returns the iterations of each benchmark by name.
func here() map[string]int {
	list := map[string]int{}
	for _, family := range oldFamilies {
		for _, what := range family {
			list[what.name] = what.iterations
		}
	}
	for _, family := range newFamilies {
		for _, what := range family {
			list[what.name] = what.iterations
		}
	}
	return list
}

// there reads the same out of the C++ program's sources.
func there(t *testing.T) map[string]int {
	sources, err := filepath.Glob("../../go_list/*.cpp")
	if err != nil {
		t.Fatal(err)
	}
	entry := regexp.MustCompile(`\.name = "(\w+)",\s*\.iterations = 1 << (\d+)`)
	list := map[string]int{}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range entry.FindAllStringSubmatch(string(text), -1) {
			shift, _ := strconv.Atoi(found[2])
			list[found[1]] = 1 << shift
		}
	}
	return list
}

func TestBothProgramsHaveTheSameList(t *testing.T) {
	if mine, theirs := here(), there(t); !reflect.DeepEqual(mine, theirs) {
		t.Errorf("Go's list is %v, the C++ program's %v", mine, theirs)
	}
}
