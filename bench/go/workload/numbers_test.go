package workload

import (
	"reflect"
	"testing"
)

func TestAListOfNumbersIsReadAsItIsShown(t *testing.T) {
	shown := (&numbers{1000, 2, 30}).String()
	var list numbers
	if err := list.Set(shown); err != nil || !reflect.DeepEqual(list, numbers{1000, 2, 30}) {
		t.Errorf("%q became %v, %v", shown, list, err)
	}
}

func TestWhatIsNotPositiveIsNoNumber(t *testing.T) {
	for _, text := range []string{"", "0", "-1", "1,,2", "1, 2", "many"} {
		list := numbers{7}
		if err := list.Set(text); err == nil || len(list) != 1 {
			t.Errorf("%q became %v, %v", text, list, err)
		}
	}
}
