package simd

//go:generate go run ./gen

// Lengths n count values, distances (stride, toDst, ...) bytes. Every pointer is to the first of the values it stands
// for; with n = 0 none is followed. rows are at least 1.

//go:noescape
func tile512(t *tileArgs)

//go:noescape
func tile256(t *tileArgs)

//go:noescape
func copyRows512(dst, src *float32, rows, n, toDst, toSrc int)

//go:noescape
func transpose512(dst, src *float32, rows, cols, toDst, toSrc int)

//go:noescape
func tanh512(dst, x *float32, n int)

//go:noescape
func tanh256(dst, x *float32, n int)

//go:noescape
func tanhGrad512(dst, dy, y *float32, n int)

//go:noescape
func tanhGrad256(dst, dy, y *float32, n int)

//go:noescape
func relu512(dst, x *float32, n int)

//go:noescape
func relu256(dst, x *float32, n int)

//go:noescape
func reluGrad512(dst, dy, y *float32, n int)

//go:noescape
func reluGrad256(dst, dy, y *float32, n int)

//go:noescape
func axpy512(y, x, alpha *float32, n int)

//go:noescape
func axpy256(y, x, alpha *float32, n int)

//go:noescape
func scale512(x, alpha *float32, n int)

//go:noescape
func scale256(x, alpha *float32, n int)

//go:noescape
func weightedRowSum512(dst, src, f *float32, n, rows, stride int)

//go:noescape
func weightedRowSum256(dst, src, f *float32, n, rows, stride int)

//go:noescape
func sumSquares512(x *float32, n int, out *float32)

//go:noescape
func sumSquares256(x *float32, n int, out *float32)

//go:noescape
func peak512(n int)

//go:noescape
func peak256(n int)

//go:noescape
func softmax512(z, t, dz *float32, n int, out *float32)

//go:noescape
func maxPool512(x, y *float32, arg *uint8, d *poolArgs)

//go:noescape
func maxPoolGrad512(dx, dy *float32, arg *uint8, d *poolArgs)
