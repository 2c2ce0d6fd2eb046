package nets

// HasPositions tells whether a layer of the net works at more than one position, as convolutions do. Such nets run
// best in small physical batches, whose maps stay in cache; dense ones in large batches, which read weights less often.
func (n *Net) HasPositions() bool {
	for _, b := range n.blocks {
		if b.pos > 1 {
			return true
		}
	}
	return false
}
