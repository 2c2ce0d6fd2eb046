package trainer

import (
	"math"

	"hush/nets"
)

// DefaultBatch chooses the physical batch: 32 units where layers have positions (a layer's data stays in L2), 256
// for dense nets (the weights are read less often); and not more than a lane of the expected lot holds, two standard
// deviations of a Poisson lot above its mean. It changes speed only.
func DefaultBatch(n *nets.Net, lot float64, lanes int) int {
	batch := 256
	if n.HasPositions() {
		batch = 32
	}
	lane := lot / float64(lanes)
	lane += 2 * math.Sqrt(lane)
	parts := math.Ceil(lane / float64(batch))
	return max(1, min(batch, int(math.Ceil(lane/max(parts, 1)))))
}
