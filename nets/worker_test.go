package nets

import (
	"math"
	"testing"
)

// zooCase is a small net that shows one thing.
type zooCase struct {
	what    string
	in      Shape
	classes int
	layers  []layer
}

// zoo covers every kind of layer, with strides, padding, margins that no patch reads, a map with one position, both
// orders of pooling and activation, and two poolings in a row.
func zoo() []zooCase {
	img := Shape{9, 8, 3}
	return []zooCase{
		{"linear", Shape{1, 1, 13}, 3, []layer{dense{3}}},
		{"two classes", Shape{1, 1, 5}, 2, []layer{dense{7}, relu(), dense{2}}},
		{"deep tanh", Shape{1, 1, 40}, 5, []layer{dense{33}, tanh(), dense{17}, tanh(), dense{5}}},
		{"no activation", Shape{1, 1, 6}, 4, []layer{dense{9}, dense{4}}},
		{"two activations", Shape{1, 1, 6}, 4, []layer{dense{9}, relu(), tanh(), dense{4}}},
		{"image to dense", img, 4, []layer{flatten{}, dense{4}}},
		{"conv", img, 4, []layer{conv2d{5, 3, 1, 0}, tanh(), flatten{}, dense{4}}},
		{"conv stride pad", img, 4, []layer{conv2d{5, 3, 2, 1}, relu(), flatten{}, dense{4}}},
		{"conv margin", Shape{8, 8, 1}, 4, []layer{conv2d{4, 3, 2, 0}, tanh(), flatten{}, dense{4}}},
		{"one position", Shape{4, 5, 2}, 3, []layer{conv2d{6, 4, 2, 0}, tanh(), flatten{}, dense{3}}},
		{"pool overlap", img, 4, []layer{conv2d{6, 3, 1, 1}, tanh(), maxPool{window{2, 1}}, conv2d{8, 2, 2, 0}, tanh(), maxPool{window{2, 2}}, flatten{}, dense{4}}},
		{"pool first", img, 4, []layer{conv2d{6, 3, 1, 1}, maxPool{window{3, 2}}, relu(), conv2d{3, 2, 1, 1}, relu(), flatten{}, dense{4}}},
		{"average", img, 4, []layer{conv2d{6, 3, 1, 1}, tanh(), avgPool{window{2, 2}}, flatten{}, dense{4}}},
		{"average overlap, relu", img, 4, []layer{conv2d{6, 3, 1, 0}, avgPool{window{3, 1}}, relu(), avgPool{window{2, 1}}, flatten{}, dense{4}}},
		{"max after average", img, 4, []layer{conv2d{6, 3, 1, 1}, tanh(), avgPool{window{2, 1}}, maxPool{window{2, 2}}, tanh(), flatten{}, dense{4}}},
		{"large filters: ghost", Shape{6, 6, 40}, 3, []layer{conv2d{48, 3, 1, 0}, tanh(), flatten{}, dense{3}}},
		{"large filters, stride, pad: ghost", Shape{9, 8, 40}, 3, []layer{conv2d{48, 3, 2, 1}, relu(), flatten{}, dense{3}}},
		{"wide: ghost with slots", Shape{1, 1, 200}, 3, []layer{dense{90}, tanh(), dense{3}}},
	}
}

// trap T12: every rule and layer against one record at a time in float64, to 1e-5.
func TestParity(t *testing.T) {
	single(t)
	seen := map[Rule]bool{}
	for _, c := range zoo() {
		for _, slots := range []int{1, 3} {
			for _, path := range []string{"auto", "avx2", "portable"} {
				t.Run(c.what+"/"+path, func(t *testing.T) {
					k := kernels(t, path)
					e := newExample(t, c.layers, c.in, c.classes, 11, slots, 3)
					ref := e.reference()
					norm := median(ref.norms)
					w := e.worker(t, e.units, clipTo(norm), k)
					e.load(w, 0, e.units)
					if err := w.Step(); err != nil {
						t.Fatal(err)
					}
					for i := range e.net.blocks {
						seen[e.net.blocks[i].rule(slots, true)] = true
					}
					for i, n := range ref.norms {
						got := math.Sqrt(float64(w.SqNorms()[i]))
						if got < n || got > n*(1+1e-3)+1e-6 {
							t.Errorf("unit %d: norm bound %v, reference %v", i, got, n)
						}
					}
					if d := distance(flat(w.Sums()), ref.sum(w.Factors())); d > 1e-5 {
						t.Errorf("clipped sum is off by %g", d)
					}
					for r, m := range e.mask {
						c := e.net.classes
						// Logits may cancel: beside 1e-5 of their size, a few roundings of activations of size 1 are allowed.
						want := ref.logits[r*c : (r+1)*c]
						if size := math.Sqrt(squares(want)); m == 1 && distance(to64(w.Logits()[r*c:(r+1)*c]), want)*size > 1e-5*size+5e-7 {
							t.Errorf("row %d: logits %v, reference %v", r, w.Logits()[r*c:(r+1)*c], ref.logits[r*c:(r+1)*c])
						}
						if math.Abs(float64(w.Loss()[r])-ref.loss[r]) > 1e-5 {
							t.Errorf("row %d: loss %v, reference %v", r, w.Loss()[r], ref.loss[r])
						}
					}
					plain := e.worker(t, e.units, nil, k)
					e.load(plain, 0, e.units)
					if err := plain.Step(); err != nil {
						t.Fatal(err)
					}
					if d := distance(flat(plain.Sums()), ref.sum(plain.Factors())); d > 1e-5 {
						t.Errorf("plain sum is off by %g", d)
					}
				})
			}
		}
	}
	for _, r := range []Rule{RankOne, Instantiate, Ghost} {
		if !seen[r] {
			t.Errorf("no net of the zoo takes the rule %q", r)
		}
	}
}

func median(v []float64) float64 {
	s := append([]float64(nil), v...)
	for i := range s { // insertion sort
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s[len(s)/2]
}
