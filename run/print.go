package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Print writes the config as YAML that ReadResolved reads back to the same value. With origins, every line says in a
// comment which layer set it.
func (c Config) Print(w io.Writer, origins bool) error {
	var b bytes.Buffer
	section, open := "Config", ""
	for _, l := range leaves() {
		text, set := l.show(&c)
		if !set && !c.Given(l.path) {
			continue
		}
		if l.section != section && l.section != "" {
			section = l.section
			fmt.Fprintf(&b, "# %s\n", sectionTitle(section))
		}
		parts := strings.Split(l.path, ".")
		head := strings.Join(parts[:len(parts)-1], ".")
		if head != open {
			openSections(&b, open, head)
			open = head
		}
		fmt.Fprintf(&b, "%s%s: %s", strings.Repeat("  ", len(parts)-1), parts[len(parts)-1], text)
		if o := c.origin[l.path]; origins && o != "" {
			fmt.Fprintf(&b, "  # %s", strings.ReplaceAll(o, "\n", " "))
		}
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}

// openSections writes the heads that lead from one open section to the next.
func openSections(b *bytes.Buffer, from, to string) {
	if to == "" {
		return
	}
	have, want := strings.Split(from, "."), strings.Split(to, ".")
	for i, name := range want {
		if i < len(have) && have[i] == name {
			continue
		}
		fmt.Fprintf(b, "%s%s:\n", strings.Repeat("  ", i), name)
		have = nil
	}
}

func sectionTitle(name string) string {
	switch name {
	case "Guarantee":
		return "what can change the guarantee"
	case "Bits":
		return "what can change the bits"
	}
	return "what changes neither: places, speed, form"
}

// hashVersion changes when the canonical form does.
const hashVersion = "hush.config/1\n"

// Hash is the SHA-256, in hex, of what was asked for: every key of Guarantee and Bits that is set, in the order of
// the struct. It covers no data content, no folder, no speed, and no recipe name, only what the recipe led to.
func (c Config) Hash() string {
	h := sha256.New()
	io.WriteString(h, hashVersion)
	for _, l := range leaves() {
		if l.section != "Guarantee" && l.section != "Bits" {
			continue
		}
		if text, set := l.show(&c); set {
			fmt.Fprintf(h, "%s: %s\n", l.path, text)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
