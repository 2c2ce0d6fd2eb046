package data_test

import (
	"context"
	"fmt"

	"hush/data"
)

// The digits are inside the program: split them and gather two records, the second a null record.
func Example() {
	set, err := data.Open(context.Background(), "digits", data.Locator{})
	if err != nil {
		fmt.Println(err)
		return
	}
	split, err := data.MakeSplit(set, data.SplitConfig{Train: 60, Test: 20, Selection: 20, AuditUnits: 300, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.Len(), "records of", set.Shape(), "in", len(set.Classes()), "classes")
	fmt.Println("N =", len(split.Always)+len(split.Pool), "of which by coin:", len(split.Pool))
	x := make([]float32, 2*set.Shape().Size())
	set.Gather(x, []int{0, data.Null})
	fmt.Println(x[2], x[64+2])
	// Output:
	// 1797 records of 8×8×1 in 10 classes
	// N = 1078 of which by coin: 300
	// 0.3125 0
}
