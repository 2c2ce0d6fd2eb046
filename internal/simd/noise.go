package simd

import "encoding/binary"

// NoiseBlock is the number of values that one address (key, step, tensor, block) of Normal holds.
const NoiseBlock = 4096

// NoiseBlocks is the number of blocks of one tensor: block < NoiseBlocks.
const NoiseBlocks = 1 << 23

const (
	groupValues = 256 // values of 16 cipher blocks, one per lane
	blockGroups = NoiseBlock / groupValues
)

// Normal fills dst with the first len(dst) ≤ NoiseBlock values, independent and N(0, 1), of block number block of
// the noise with the given key, step and tensor. The bits are the same on every path and machine, and do not depend
// on len(dst). It is safe for concurrent use.
//
// The values are a fixed function of the ChaCha20 key stream (RFC 8439), so whoever does not know key cannot tell
// them from true noise. The key must serve nothing else. The stream, which later versions must keep:
//
//	cipher block (g, l) of a block, g, l = 0..15: counter = block<<8 | g<<4 | l, nonce = tensor, step low, step high
//	its words X[0..15] make the pairs (z0, z1) = BoxMuller(X[2p], X[2p+1]), p = 0..7
//	value g·256 + 2p·16 + l is z0, value g·256 + (2p+1)·16 + l is z1
//
// BoxMuller (Box & Muller 1958) spends 40 bits on the radius √(−2 ln u) and 24 on the angle, in float32. A first
// word below 16, one pair in 2²⁸, takes 32 further bits for the radius, so that the largest |z| is 10.06: word l of
// the cipher block with counter 1<<31 | block<<8 | i>>4, i the place of z0. Only correctly rounded IEEE operations
// are used; that is why all paths agree.
//
// Accuracy: z is within 9.4e-7 of the exact function of the bits; P(|Z| > z) of the discrete law, summed over all
// radii, is within 1.2e-7 (relative) of erfc(z/√2) up to z = 7.5, within 1e-4 up to z = 9. Values are float32, so
// they do not hide the low bits of what they are added to (Mironov 2012): a limit of float noise, not of the stream.
func (k *Kernels) Normal(dst []float32, key *[32]byte, step uint64, tensor, block uint32) {
	if len(dst) > NoiseBlock || block >= NoiseBlocks {
		panic("internal error: simd: noise beyond the end of a block or of a tensor")
	}
	state := chachaState(key, block<<8, [3]uint32{tensor, uint32(step), uint32(step >> 32)})
	whole := len(dst) / groupValues
	if whole > 0 {
		k.normalGroups(dst[:whole*groupValues], &state)
	}
	if rest := dst[whole*groupValues:]; len(rest) > 0 {
		var last [groupValues]float32
		state[12] += uint32(whole * 16)
		k.normalGroups(last[:], &state)
		copy(rest, last[:])
	}
}

// ChaCha20 writes one block of key stream (RFC 8439, section 2.3) as sixteen words; little-endian, they are the bytes
// that the RFC prints.
func ChaCha20(dst *[16]uint32, key *[32]byte, counter uint32, nonce [3]uint32) {
	state := chachaState(key, counter, nonce)
	chachaBlock(dst, &state)
}

// chachaState is the input of the block function: constants, key, counter, nonce (RFC 8439, section 2.3).
func chachaState(key *[32]byte, counter uint32, nonce [3]uint32) (s [16]uint32) {
	s[0], s[1], s[2], s[3] = 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 // "expand 32-byte k"
	for i := range 8 {
		s[4+i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	s[12], s[13], s[14], s[15] = counter, nonce[0], nonce[1], nonce[2]
	return s
}
