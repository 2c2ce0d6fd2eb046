package nets

import "hush/internal/simd"

// LayerInfo describes one block of a net: a layer with weights and what follows it.
type LayerInfo struct {
	Name    string // "conv1", "fc2"
	Kind    string // in order of execution, such as "conv+maxpool+tanh"
	In, Out Shape
	Params  int
	Rule    Rule  // under clipping
	FLOPs   int64 // of the products of one unit in one step with clipping, 2 for each multiply-add
	Bytes   int64 // of one worker's buffers, without the shared weights
}

// HasPositions says whether a layer works at more than one position of a record, as convolutions do. Such nets run
// fastest on physical batches of 16 to 32 units, dense ones on hundreds.
func (n *Net) HasPositions() bool {
	for i := range n.blocks {
		if n.blocks[i].pos > 1 {
			return true
		}
	}
	return false
}

// Describe lists the blocks with rule, work and memory of a worker with the given units and slots and kernel path. The
// bytes of all blocks together are the peak of a worker under clipping, within a few per cent.
func (n *Net) Describe(units, slots int, k *simd.Kernels) []LayerInfo {
	out := make([]LayerInfo, len(n.blocks))
	packing, at := int64(0), 0
	for i := range n.blocks {
		b := &n.blocks[i]
		info := LayerInfo{Name: b.name, Kind: b.lin.kind(), In: b.in, Out: b.out, Params: b.gradient(), Rule: b.rule(slots, true)}
		for _, s := range b.stages {
			info.Kind += "+" + s.kind()
		}
		t, d, p := int64(slots*b.pos), int64(b.d), int64(b.p)
		products := int64(3) // forward, input gradient, weight gradient or instances
		if i == 0 {
			products = 2
		}
		info.FLOPs = 2 * products * t * d * p
		switch info.Rule {
		case Ghost:
			info.FLOPs += 2 * t * t * (d + p)
		case RankOne:
			info.FLOPs += 2 * (d + p)
		case Instantiate:
			info.FLOPs += 4 * (d + 1) * p // squares, and c times it added
		}
		info.Bytes = 4 * b.floats(units, slots, i == 0, info.Rule)
		if i == 0 {
			info.Bytes += 4 * int64(units*slots) * int64(n.in.Size()) // X
		}
		if i == len(n.blocks)-1 {
			info.Bytes += 4 * int64(units*slots) * int64(2*n.classes+4) // targets, δ, mask, scale, losses, ones
		}
		if k != nil && k.Name() != "portable" {
			if size := 4 * b.packed(units*slots, slots, i == 0, info.Rule); size > packing {
				packing, at = size, i
			}
		}
		out[i] = info
	}
	out[at].Bytes += packing
	return out
}

// packed is the size of simd's packing buffers for one block, which grow by a quarter more than asked for. Products by
// runs of a feature map need none.
func (b *block) packed(rows, slots int, first bool, rule Rule) int64 {
	panel := func(n, k int) int { return (min(n, 2048) + 32) * min(k, 512) } // of B
	tiles := func(m, k int) int { return min(m, 224) * (min(k, 512) + 16) }  // of A
	var of, a int
	if rule == Ghost {
		t := slots * b.pos
		of = panel(t, max(b.d, b.p))
	}
	if b.pos == 1 {
		if !first {
			of = max(of, panel(b.d, b.p))
		}
		if b.p > 64 {
			of = max(of, panel(b.p, max(b.d, rows)))
			a = tiles(rows, b.d)
		}
		if rows > 64 {
			a = max(a, tiles(b.d, rows))
		}
	}
	return int64(of+a) * 5 / 4
}

// floats counts the buffers of one block, as newChain, lower and normOf make them.
func (b *block) floats(units, slots int, first bool, rule Rule) int64 {
	rows := int64(units * slots)
	buffer := func(size int, shared bool) int64 {
		if shared {
			return int64(size)
		}
		return rows * int64(size)
	}
	at := b.mid
	total := buffer(at.Size(), b.poolsFrom(0) && !b.keeps(0)) + max(rows, int64(b.pos))
	pools := 0
	for i, s := range b.stages {
		if _, ok := s.(activation); ok {
			continue
		}
		total += buffer(at.Size(), pools > 0) // gradient of what is pooled
		at, _ = s.out(at)                     // build has checked it
		total += buffer(at.Size(), b.poolsFrom(i+1) && !b.keeps(i+1))
		if _, ok := s.(maxPool); ok {
			total += rows * int64(at.Size()) / 4 // one byte each
		}
		pools++
	}
	if !first {
		total += rows * int64(b.in.Size()) // gradient of the input
	}
	if l, ok := b.lin.(conv2d); ok {
		g := l.geometry(b.in)
		padded := int64(g.H * g.W * g.C)
		if l.pad > 0 {
			total += (rows + 1) * padded
		}
		if !first {
			total += 2 * int64(b.d*b.p) // transposed weights, here and in simd
		}
		if rule != Instantiate {
			total += int64(slots*b.pos) * int64(b.d) // patches of a unit
		}
	}
	t := int64(slots * b.pos)
	switch rule {
	case Instantiate:
		total += int64(units) * int64(b.gradient())
	case Ghost:
		total += 2 * t * t
	}
	return total + int64(b.gradient()) // the sum
}
