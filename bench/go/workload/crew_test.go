package workload

import (
	"reflect"
	"sync"
	"testing"
)

func TestWorkersFailWhereTheMapSaysSomethingElse(t *testing.T) {
	s := NewSequence(10)
	all := []Task{{0, 5, 1}, {5, 5, 1}}
	filled := Filled(s)
	for _, c := range []struct {
		name  string
		m     *sync.Map
		ask   Question
		fails bool
	}{{"hits", filled, Hits, false}, {"hits in an empty map", new(sync.Map), Hits, true},
		{"misses", filled, Misses, false}, {"an audit of what was not stored", filled, Audit, true},
		{"stores", filled, Stores, false}, {"an audit of what was", filled, Audit, false}} {
		if _, err := Run(all, Ask(c.m, s, c.ask)); (err != nil) != c.fails {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := CheckSize(filled, 10); err != nil {
		t.Error(err)
	}
	if err := CheckSize(filled, 11); err == nil {
		t.Error("10 entries passed for 11")
	}
}

func TestAPassGoesOnWhereTheOneBeforeEnded(t *testing.T) {
	s := Stage{Length: 100}
	s.next(1, 30)
	if tasks := s.next(2, 5); !reflect.DeepEqual(tasks, []Task{{30, 5, 0}, {80, 5, 0}}) {
		t.Error(tasks)
	}
}
