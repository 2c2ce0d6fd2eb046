package nets

// flatten turns a feature map into flat features in the order row, column, channel. Rows of a batch are stored flat, so
// it costs nothing and is no node.
type flatten struct{}

func (flatten) kind() string                { return "flatten" }
func (flatten) out(in Shape) (Shape, error) { return Shape{1, 1, in.Size()}, nil }
