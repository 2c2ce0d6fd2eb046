package data

import (
	"os"
	"path/filepath"
	"testing"
)

// testDir is the folder of real data sets: $HUSH_DATA, or shared/data beside the repository. Without it the test skips.
func testDir(t testing.TB) string {
	t.Helper()
	for _, dir := range []string{os.Getenv("HUSH_DATA"), filepath.Join("..", "..", "shared", "data")} {
		if _, err := os.Stat(filepath.Join(dir, "mnist")); dir != "" && err == nil {
			return dir
		}
	}
	t.Skip("no real data sets here: set HUSH_DATA to a folder that holds mnist/, cifar10/, …")
	return ""
}
