package trainer

import (
	"math"

	"hush/nets"
)

// A worker's physical batch by what it keeps per unit: convolutional nets want maps and instances near the cache, dense
// nets want the weights read seldom (measured: docs/performance.md).
const (
	nearCache     = 4 << 20 // bytes of a worker's buffers
	fewestUnits   = 4
	mostPositions = 32  // units, where layers have positions
	mostDense     = 512 // units, where they have not
)

// DefaultBatch chooses the physical batch of a net, and no more than a lane of the expected lot holds, two standard
// deviations of a Poisson lot above its mean. It changes speed only.
func DefaultBatch(n *nets.Net, lot float64, lanes int) int {
	batch := mostDense
	if n.HasPositions() {
		batch = max(fewestUnits, min(mostPositions, int(nearCache/unitBytes(n))))
	}
	lane := lot / float64(lanes)
	lane += 2 * math.Sqrt(lane)
	parts := math.Ceil(lane / float64(batch))
	return max(1, min(batch, int(math.Ceil(lane/max(parts, 1)))))
}

// unitBytes is what one more unit adds to a worker's buffers.
func unitBytes(n *nets.Net) (bytes int64) {
	two, one := n.Describe(2, 1, nil), n.Describe(1, 1, nil)
	for i := range two {
		bytes += two[i].Bytes - one[i].Bytes
	}
	return max(1, bytes)
}
